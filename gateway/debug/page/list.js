// A list that only draws the rows in sight, for thousands of them; moved through by keyboard and pointer.

const HEIGHT = 28;

export class RowList {
  /** `draw(item, row)` fills a row's element; `open(item)` is Enter or a click; `key(item, event)` may take other keys. */
  constructor(element, { kind, draw, open = () => {}, key = () => false, role = "option" }) {
    Object.assign(this, { element, kind, draw, open, key, role, items: [], active: null, rows: new Map() });
    this.space = document.createElement("div");
    this.space.className = "space";
    element.append(this.space);
    element.addEventListener("scroll", () => this.schedule(), { passive: true });
    element.addEventListener("keydown", (event) => this.press(event));
    new ResizeObserver(() => this.schedule()).observe(element);
  }

  set(items) {
    this.items = items;
    this.schedule();
  }

  schedule() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      this.paint();
    });
  }

  paint() {
    this.space.style.height = this.items.length * HEIGHT + "px";
    const first = Math.max(0, Math.floor(this.element.scrollTop / HEIGHT) - 2);
    const last = Math.min(this.items.length, first + Math.ceil(this.element.clientHeight / HEIGHT) + 4);
    for (const [index, row] of this.rows) {
      if (index >= first && index < last) continue;
      row.remove();
      this.rows.delete(index);
    }
    for (let index = first; index < last; ++index) this.paintRow(index);
  }

  paintRow(index) {
    const item = this.items[index];
    let row = this.rows.get(index);
    if (!row) {
      row = document.createElement("div");
      row.style.transform = `translateY(${index * HEIGHT}px)`;
      row.addEventListener("click", () => {
        this.active = this.items[index].id;
        this.open(this.items[index]);
        this.schedule();
      });
      this.rows.set(index, row);
      this.space.append(row);
    }
    row.className = `row ${this.kind}${item.id === this.active ? " active" : ""}`;
    row.setAttribute("role", this.role);
    row.setAttribute("aria-selected", item.id === this.active);
    row.id = `${this.element.id}-${index}`;
    if (item.id === this.active) this.element.setAttribute("aria-activedescendant", row.id);
    this.draw(item, row);
  }

  press(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / HEIGHT) - 1);
    const moves = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity };
    const at = this.items.findIndex((item) => item.id === this.active);
    if (event.key in moves && this.items.length > 0) {
      const to = Math.min(this.items.length - 1, Math.max(0, at + moves[event.key]));
      this.active = this.items[to].id;
      const top = to * HEIGHT;
      if (top < this.element.scrollTop) this.element.scrollTop = top;
      const below = top + HEIGHT - this.element.clientHeight;
      if (below > this.element.scrollTop) this.element.scrollTop = below;
      this.schedule();
    } else if (event.key === "Enter" && at >= 0) {
      this.open(this.items[at]);
    } else if (!(at >= 0 && this.key(this.items[at], event))) {
      return;
    }
    event.preventDefault();
  }
}

/** Makes a row's cells say `texts`; each a text, or [text, class]. */
export function cells(row, texts) {
  while (row.children.length < texts.length) row.append(document.createElement("span"));
  texts.forEach((text, i) => {
    const [words, kind] = Array.isArray(text) ? text : [text, ""];
    const cell = row.children[i];
    if (cell.textContent !== String(words)) cell.textContent = words;
    if (cell.className !== kind) cell.className = kind;
    cell.title = String(words).length > 12 ? words : "";
  });
}
