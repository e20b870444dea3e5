// A build's state machine, drawn: the states it has passed, how long it was in each, and where it stands.

import { duration, svg } from "./words.js";

const PLACES = {
  queued: [10, 20], preparing: [118, 20], building: [226, 20], pushing: [334, 20], publishing: [442, 20],
  verifying: [550, 20], succeeded: [658, 20], stopping: [334, 100], failed: [442, 100],
};
const ARROWS = [["queued", "preparing"], ["preparing", "building"], ["building", "pushing"], ["pushing", "publishing"],
  ["publishing", "verifying"], ["verifying", "succeeded"], ["stopping", "failed"]];
const [WIDTH, HEIGHT] = [92, 38];

/** The stays of a build: [{state, attempt, ms, last}], in order. */
export function stays(build) {
  const end = build.ended_ms || Date.now();
  const steps = [{ state: "queued", attempt: 0, at_ms: build.created_ms }, ...build.steps.filter((step) => step.at_ms)];
  const out = [];
  steps.forEach((step, i) => {
    const until = steps[i + 1]?.at_ms ?? end;
    const last = out.at(-1);
    if (last && last.state === step.state && last.attempt === step.attempt) last.ms += until - step.at_ms;
    else out.push({ state: step.state, attempt: step.attempt, ms: until - step.at_ms });
  });
  return out;
}

export function drawMachine(picture, build) {
  const times = new Map();
  for (const stay of stays(build)) times.set(stay.state, (times.get(stay.state) ?? 0) + stay.ms);
  const lines = ARROWS.map(([from, to]) => svg("line", {
    x1: PLACES[from][0] + WIDTH, y1: PLACES[from][1] + HEIGHT / 2, x2: PLACES[to][0], y2: PLACES[to][1] + HEIGHT / 2 }));
  const boxes = Object.entries(PLACES).map(([state, [x, y]]) => {
    const isNow = state === build.state;
    const kind = isNow ? ({ succeeded: "end-good", failed: "end-bad" })[state] ?? "now" : times.has(state) ? "passed" : "";
    const box = svg("g", { class: kind, "data-state": state }, svg("rect", { x, y, width: WIDTH, height: HEIGHT }),
      svg("text", { x: x + WIDTH / 2, y: y + 16 }, state));
    if (times.has(state) && state !== "succeeded" && state !== "failed")
      box.append(svg("text", { x: x + WIDTH / 2, y: y + 31, class: "time" }, duration(times.get(state))));
    return box;
  });
  picture.replaceChildren(...lines, ...boxes);
  picture.setAttribute("aria-label", `State machine: the build is ${build.state}`);
}

/** One bar per attempt, its pieces as long as the stays. */
export function drawPhases(element, build) {
  const bars = new Map();
  for (const stay of stays(build)) {
    if (stay.state === "succeeded" || stay.state === "failed") continue;
    if (!bars.has(stay.attempt)) {
      const bar = document.createElement("div");
      bar.className = "attempt";
      bar.dataset.attempt = stay.attempt;
      bars.set(stay.attempt, bar);
    }
    const piece = document.createElement("span");
    piece.style.flexGrow = Math.max(1, stay.ms);
    piece.textContent = stay.state;
    piece.title = `${stay.state}, attempt ${stay.attempt}: ${duration(stay.ms)}`;
    bars.get(stay.attempt).append(piece);
  }
  element.replaceChildren(...bars.values());
}
