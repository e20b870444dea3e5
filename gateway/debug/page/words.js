// Numbers and times as people read them, and small helpers for the page.

export const byId = (id) => document.getElementById(id);

export function duration(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (ms < 1000) return Math.max(0, Math.round(ms)) + " ms";
  if (s < 60) return s + " s";
  if (s < 3600) return `${Math.floor(s / 60)} m ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} m`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

export function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) {
    count /= 1024;
    ++unit;
  }
  return `${unit === 0 ? count : count.toFixed(1)} ${units[unit]}`;
}

export function number(value) {
  if (value === null || value === undefined) return "–";
  if (Math.abs(value) >= 1e6) return (value / 1e6).toFixed(1) + " M";
  if (Math.abs(value) >= 1e4) return (value / 1e3).toFixed(1) + " k";
  return String(Math.round(value * 10) / 10);
}

/** An image's reference as short as tells it apart: what is before the path's last part says the same of all. */
export function shortRef(ref) {
  const [name, tag = ""] = ref.slice(ref.lastIndexOf("/") + 1).split(/:(.*)/);
  return tag ? `${name}:${tag.length > 14 ? tag.slice(0, 12) + "…" : tag}` : name;
}

/** Fills a <dl> with pairs. */
export function facts(list, pairs) {
  const key = JSON.stringify(pairs);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(...pairs.flatMap(([name, value]) => {
    const dt = document.createElement("dt");
    const dd = document.createElement("dd");
    dt.textContent = name;
    dd.textContent = value;
    return [dt, dd];
  }));
}

export function table(names, rows) {
  const out = document.createElement("table");
  const line = (tag, texts) => {
    const row = out.insertRow();
    for (const text of texts) {
      const cell = document.createElement(tag);
      cell.textContent = text;
      row.append(cell);
    }
  };
  line("th", names);
  for (const row of rows) line("td", row);
  return out;
}

export function svg(name, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
