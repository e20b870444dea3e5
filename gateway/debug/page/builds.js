// The builds: those that run or wait as the events say, those that have ended from the journal, and one in detail.

import { ask, askJson, Refused } from "./feed.js";
import { cells, RowList } from "./list.js";
import { LogView } from "./log.js";
import { drawMachine, drawPhases } from "./machine.js";
import { byId, bytes, duration, facts, shortRef } from "./words.js";

const ended = (build) => build.state === "succeeded" || build.state === "failed";
const kind = (state) => ({ succeeded: "good", failed: "bad", queued: "dim", stopping: "warn" })[state] ?? "";

export class Builds {
  /** `openFromQueue(id)` shows a build of the queue in detail. */
  constructor(openFromQueue) {
    this.openFromQueue = openFromQueue;
    Object.assign(this, { running: new Map(), finished: new Map(), open: null, may: { cancel: false } });
    this.list = new RowList(byId("build-list"), {
      kind: "build-row",
      draw: (build, row) => cells(row, [[build.state, kind(build.state)], shortRef(build.ref), build.triggered_by,
        duration((build.ended_ms || Date.now()) - build.created_ms)]),
      open: (build) => this.show(build.id),
    });
    this.queue = new RowList(byId("queue-list"), {
      kind: "queue-row",
      draw: (build, row) => cells(row, [build.ahead === undefined ? "–" : build.ahead + 1, duration(Date.now() - build.created_ms),
        build.wait_ms === undefined ? "–" : "about " + duration(build.wait_ms), build.triggered_by, shortRef(build.ref)]),
      open: (build) => this.openFromQueue(build.id),
    });
    byId("build-filter").addEventListener("input", () => this.draw());
    byId("build-close").addEventListener("click", () => this.close());
    byId("build-cancel").addEventListener("click", () => {
      byId("cancel-form").hidden = false;
      byId("cancel-reason").focus();
    });
    byId("cancel-form").addEventListener("submit", (event) => this.cancel(event));
  }

  async start() {
    this.may = await askJson("/debug/may");
    await this.loadFinished();
  }

  async loadFinished() {
    const page = await askJson("/debug/builds?limit=1000");
    this.finished = new Map(page.rows.filter(ended).map((build) => [build.id, build]));
    this.draw();
  }

  /** After the event's changes are in `running`. */
  changed(change) {
    if (change.gone.length > 0 && !this.loading) {
      this.loading = true;
      setTimeout(() => {
        this.loading = false;
        this.loadFinished().catch(() => {});
      }, 300);
    }
    if (this.open && (change.gone.includes(this.open) || change.rows.some((row) => row.id === this.open))) this.refresh();
    this.draw();
  }

  draw() {
    const words = byId("build-filter").value.toLowerCase();
    const fits = (build) => !words || `${build.id} ${build.ref} ${build.triggered_by} ${build.state}`.toLowerCase().includes(words);
    const all = [...[...this.running.values()].reverse(),
      ...[...this.finished.values()].filter((build) => !this.running.has(build.id))];
    const shown = all.filter(fits);
    byId("build-count").textContent = `${shown.length} of ${all.length}`;
    this.list.set(shown);
    this.queue.set([...this.running.values()].filter((build) => build.state === "queued")
      .sort((a, b) => (a.ahead ?? Infinity) - (b.ahead ?? Infinity) || a.created_ms - b.created_ms));
  }

  show(id) {
    if (this.log) this.log.stop();
    this.open = id;
    byId("build").hidden = false;
    byId("cancel-form").hidden = true;
    byId("build-id").textContent = id;
    this.log = new LogView(byId("build-log"), `/debug/builds/${encodeURIComponent(id)}/log`);
    this.refresh();
  }

  close() {
    if (this.log) this.log.stop();
    this.open = null;
    byId("build").hidden = true;
    byId("build-list").focus();
  }

  async refresh() {
    const id = this.open;
    try {
      const build = await askJson("/debug/builds/" + encodeURIComponent(id));
      if (id === this.open) this.drawOne(build);
    } catch (error) {
      if (id === this.open && error instanceof Refused) byId("build-words").textContent = error.message;
    }
  }

  drawOne(build) {
    const live = this.running.get(build.id);
    byId("build-words").textContent = build.message || live?.message || build.state;
    byId("build-words").className = kind(build.state);
    byId("build-cancel").hidden = !this.may.cancel || ended(build);
    drawMachine(byId("machine"), build);
    drawPhases(byId("phases"), build);
    const failure = build.failure;
    facts(byId("build-facts"), [
      ["image", build.ref], ["base", build.base_ref], ["source", build.source], ["by", build.triggered_by || "–"],
      ["attempt", `${build.attempt} (${build.retries} retried, ${build.losses} lost)`], ["log", bytes(build.log_bytes)],
      ...(failure ? [["at fault", failure.fault], ["step", failure.line ? `line ${failure.line}: ${failure.command}` : "–"]] : []),
    ]);
  }

  async cancel(event) {
    event.preventDefault();
    const reason = byId("cancel-reason").value;
    byId("cancel-form").hidden = true;
    try {
      await ask(`/debug/builds/${encodeURIComponent(this.open)}/cancel`,
        { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ reason }) });
      byId("build-words").textContent = "asked to end: " + reason;
    } catch (error) {
      byId("build-words").textContent = error.message;
    }
  }
}
