// The tree of actors.

import { cells, RowList } from "./list.js";
import { byId, duration, number } from "./words.js";

export class Actors {
  constructor() {
    Object.assign(this, { rows: new Map(), folded: new Set(), rates: new Map() });
    this.list = new RowList(byId("actor-list"), {
      kind: "actor-row",
      role: "treeitem",
      draw: (item, row) => this.drawRow(item, row),
      open: (item) => this.fold(item, !this.folded.has(item.path)),
      key: (item, event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return false;
        this.fold(item, event.key === "ArrowLeft");
        return true;
      },
    });
    byId("actor-filter").addEventListener("input", () => this.draw());
  }

  /** Before the event's changes are in `rows`. */
  measure(change) {
    const now = performance.now();
    for (const row of change.rows) {
      row.at = now;
      const before = this.rows.get(row.id);
      if (before && !change.whole && row.handled >= before.handled)
        this.rates.set(row.id, { per_s: (row.handled - before.handled) / Math.max(0.2, (now - before.at) / 1000), at: now });
    }
    for (const id of change.gone) this.rates.delete(id);
  }

  fold(item, on) {
    if (item.children === 0) return;
    if (on) this.folded.add(item.path);
    else this.folded.delete(item.path);
    this.draw();
  }

  draw() {
    const words = byId("actor-filter").value.toLowerCase();
    const children = new Map();
    for (const row of this.rows.values()) {
      if (!children.has(row.parent)) children.set(row.parent, []);
      children.get(row.parent).push(row);
    }
    for (const list of children.values()) list.sort((a, b) => (a.path < b.path ? -1 : 1));
    const items = [];
    const add = (row, depth) => {
      const below = children.get(row.path) ?? [];
      if (!words || `${row.path} ${row.kind} ${row.last_error}`.toLowerCase().includes(words))
        items.push({ ...row, depth: words ? 0 : depth, children: below.length });
      if (words || !this.folded.has(row.path)) for (const child of below) add(child, depth + 1);
    };
    for (const row of this.rows.values()) if (!this.rows.has(row.parent)) add(row, 0);
    byId("actor-count").textContent = `${items.length} of ${this.rows.size}`;
    this.list.set(items);
  }

  drawRow(item, row) {
    const since = performance.now() - item.at;
    const name = item.path.slice(item.parent ? item.parent.length + 1 : 0) || item.path;
    const mark = item.children === 0 ? "  " : this.folded.has(item.path) ? "▸ " : "▾ ";
    const rate = this.rates.get(item.id);
    const state = !item.alive ? ["crashed", "bad"] : item.busy ? ["busy", "warn"] : ["idle", "dim"];
    cells(row, ["\u00a0".repeat(item.depth * 3) + mark + name + (item.children > 0 ? ` (${item.children})` : ""), state,
      [item.mailbox, item.mailbox > 100 ? "bad" : ""], number(item.handled),
      rate && performance.now() - rate.at < 1500 ? number(rate.per_s) : "0", duration(item.age_ms + since),
      [item.restarts, item.restarts > 0 ? "warn" : "dim"], [item.last_error, "bad"]]);
    row.dataset.path = item.path;
    row.setAttribute("aria-level", item.depth + 1);
    if (item.children > 0) row.setAttribute("aria-expanded", !this.folded.has(item.path));
    else row.removeAttribute("aria-expanded");
  }
}
