// Starts the page: views, keys, the overview, and who gets which event.

import { Actors } from "./actors.js";
import { Builds } from "./builds.js";
import { applyChanges, askJson, follow, setTokenPrompt } from "./feed.js";
import { byId, bytes, duration, facts, number, svg, table } from "./words.js";

const tabs = [...document.querySelectorAll("[role=tab]")];
const builds = new Builds((id) => {
  select(byId("tab-builds"));
  builds.show(id);
});
const actors = new Actors();
let registries = null;

function select(tab) {
  for (const one of tabs) {
    one.setAttribute("aria-selected", one === tab);
    one.tabIndex = one === tab ? 0 : -1;
    byId(one.getAttribute("aria-controls")).hidden = one !== tab;
  }
  history.replaceState(null, "", "#" + tab.getAttribute("aria-controls"));
  if (tab.id === "tab-config") showConfig();
  if (tab.id === "tab-registries") showRegistries().catch((error) => console.warn(error.message));
  draw();
}

const selected = () => tabs.find((tab) => tab.getAttribute("aria-selected") === "true");

function press(event) {
  const typing = event.target.matches("input");
  if (event.key === "Escape") {
    if (typing) event.target.blur();
    else if (builds.open) builds.close();
    return;
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    const filter = byId(selected().getAttribute("aria-controls")).querySelector("input[type=search]");
    if (!filter) return;
    filter.focus();
    event.preventDefault();
  } else if (event.key >= "1" && event.key <= String(tabs.length)) {
    select(tabs[Number(event.key) - 1]);
    selected().focus();
  } else if (event.target.role === "tab" || event.target.getAttribute("role") === "tab") {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    select(tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length]);
    selected().focus();
  }
}

function showState(now) {
  byId("version").textContent = now.version;
  byId("ready").textContent = now.ready ? "ready" : "not ready";
  byId("ready").className = "badge " + (now.ready ? "good" : "bad");
  const reasons = Object.entries(now.reasons);
  byId("reasons").hidden = reasons.length === 0;
  byId("reasons").replaceChildren(...reasons.map(([who, why]) => {
    const item = document.createElement("li");
    item.textContent = `${who}: ${why}`;
    return item;
  }));
  const process = now.process;
  facts(byId("facts"), [
    ["builds", `${now.builds.running} running, ${now.builds.queued} queued, ${now.builds.ended} ended since the start`],
    ["up for", duration(now.now_ms - process.started_ms)],
    ["process", `pid ${process.pid}, ${bytes(process.rss_bytes)}, ${process.threads} threads, ${process.descriptors} descriptors`],
  ]);
  const storage = now.storage;
  facts(byId("journal-facts"), [
    ["state", storage.trouble || "can be used"], ["commits", number(storage.commits)],
    ["writes", number(storage.writes)], ["log written", bytes(storage.log_bytes)],
    ["last commit", storage.last_commit_us + " µs"], ["slowest commit", storage.slowest_commit_us + " µs"],
  ]);
}

function showSeries({ values }) {
  byId("charts").replaceChildren(...Object.entries(values).map(([name, points]) => {
    const chart = document.createElement("div");
    chart.className = "chart";
    const latest = document.createElement("b");
    const last = points.at(-1);
    latest.textContent = name.includes("bytes") ? bytes(last ?? 0) : number(last);
    const most = Math.max(...points.map((point) => point ?? 0), 1e-9);
    const width = Math.max(points.length - 1, 1);
    const path = points.map((point, i) => `${i === 0 ? "M" : "L"}${i},${(40 - ((point ?? 0) / most) * 38).toFixed(1)}`).join("");
    const line = svg("svg", { viewBox: `0 0 ${width} 42`, preserveAspectRatio: "none", role: "img",
      "aria-label": `${name}, last 15 minutes; now ${latest.textContent}` }, svg("path", { d: path }));
    const label = document.createElement("span");
    label.className = "dim";
    label.textContent = name;
    chart.append(latest, line, label);
    return chart;
  }));
}

async function showConfig() {
  byId("config-text").textContent = JSON.stringify(await askJson("/debug/config"), null, 2);
}

/** How the registries fare comes with the events; what the resolver keeps is asked of it where somebody looks. */
async function showRegistries() {
  if (!registries) return;
  const cache = await askJson("/debug/cache");
  const title = (text) => Object.assign(document.createElement("h2"), { textContent: text });
  byId("registry-tables").replaceChildren(
    title("Registries"), table(registries.registries.columns, registries.registries.rows),
    ...(registries.limited?.length ? [title("Have limited us (429)"), table(["registry", "times", "now"],
      registries.limited.map((row) => [row.registry, row.times, row.for_s > 0 ? `left alone for ${row.for_s} s` : "may be asked"]))] : []),
    title("Resolved ahead of time"), table(["reference", "image"], registries.ahead_of_time.map((row) => [row.ref, row.image])),
    title(`Digests that are kept: ${cache.kept}`),
    table(["reference", "digest", "age", "good for"], cache.rows.map((row) => [row.ref, row.digest, duration(row.age_ms),
      row.expires_in_ms === null ? "as long as there is room" : duration(row.expires_in_ms)])));
}

function draw() {
  const view = selected()?.id;
  if (view === "tab-actors") actors.draw();
  if (view === "tab-builds" || view === "tab-queue") builds.draw();
}

function take(event, data) {
  if (event === "state") showState(data);
  if (event === "series") showSeries(data);
  if (event === "registries") {
    registries = data;
    if (selected()?.id === "tab-registries") showRegistries().catch((error) => console.warn(error.message));
  }
  if (event === "builds") {
    applyChanges(builds.running, data);
    builds.changed(data);
  }
  if (event === "actors") {
    actors.measure(data);
    applyChanges(actors.rows, data);
    draw();
  }
}

function showLink(connected) {
  byId("link").textContent = connected ? "live" : "reconnecting";
  byId("link").className = "badge " + (connected ? "good" : "warn");
}

setTokenPrompt(() => new Promise((resolve) => {
  const dialog = byId("token-dialog");
  if (!dialog.open) dialog.showModal();
  byId("token-form").addEventListener("submit", () => resolve(byId("token").value), { once: true });
}));

for (const tab of tabs) tab.addEventListener("click", () => select(tab));
document.addEventListener("keydown", press);
setInterval(draw, 1000);
select(tabs.find((tab) => "#" + tab.getAttribute("aria-controls") === location.hash) ?? tabs[0]);
builds.start().catch((error) => console.warn(error));
follow(take, showLink);
