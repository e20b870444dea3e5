// A build's log as it comes, with the colours that its tools print.

import { ask, Refused } from "./feed.js";

const KEPT_LINES = 5000;

/** Shows one log in an element until stop() is called. */
export class LogView {
  constructor(element, path) {
    Object.assign(this, { element, path, offset: 0, dropped: 0, style: {}, stopped: new AbortController() });
    element.replaceChildren();
    this.newLine();
    this.run();
  }

  stop() {
    this.stopped.abort();
  }

  async run() {
    const signal = this.stopped.signal;
    while (!signal.aborted) {
      try {
        const answer = await ask(`${this.path}?from=${this.offset}`, { signal });
        const decoder = new TextDecoder();
        for (const reader = answer.body.getReader(); ;) {
          const { value, done } = await reader.read();
          if (done) return;
          this.offset += value.length;
          this.write(decoder.decode(value, { stream: true }));
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Refused && error.status === 404) return this.write(error.message + "\n");
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  }

  newLine() {
    this.line = document.createElement("div");
    this.element.append(this.line);
    const surplus = this.element.children.length - KEPT_LINES;
    if (surplus < 200) return;
    for (let i = 0; i < surplus; ++i) this.element.firstChild.remove();
    this.dropped += surplus;
  }

  write(text) {
    const view = this.element;
    const atEnd = view.scrollHeight - view.scrollTop - view.clientHeight < 40;
    text = (this.rest ?? "") + text;
    // An escape sequence or a line end that is not complete yet.
    const open = text.match(/(\x1b(\[[0-9;?]*)?|\r)$/);
    this.rest = open ? open[0] : "";
    if (open) text = text.slice(0, -open[0].length);
    for (const piece of text.split(/(\x1b\[[0-9;?]*[A-Za-z]|\x1b.|\r?\n|\r)/)) this.put(piece);
    if (atEnd) view.scrollTop = view.scrollHeight;
  }

  put(piece) {
    if (!piece) return;
    if (piece === "\n" || piece === "\r\n") return this.newLine();
    if (piece === "\r") return this.line.replaceChildren(); // the line is written anew
    if (piece[0] === "\x1b") return piece.endsWith("m") && this.setStyle(piece.slice(2, -1));
    const { classes, color, background } = this.style;
    if (!classes && !color && !background) return this.line.append(piece);
    const span = document.createElement("span");
    span.className = Object.values(classes ?? {}).join(" ");
    if (color) span.style.color = color;
    if (background) span.style.backgroundColor = background;
    span.textContent = piece;
    this.line.append(span);
  }

  setStyle(codes) {
    const list = codes === "" ? [0] : codes.split(";").map(Number);
    const style = { ...this.style, classes: { ...this.style.classes } };
    const words = { 1: "bold", 2: "faint", 3: "italic", 4: "underline" };
    for (let i = 0; i < list.length; ++i) {
      const code = list[i];
      if (code === 0) Object.assign(style, { classes: {}, color: "", background: "" });
      else if (code in words) style.classes[words[code]] = words[code];
      else if (code === 22) { delete style.classes.bold; delete style.classes.faint; }
      else if (code === 23) delete style.classes.italic;
      else if (code === 24) delete style.classes.underline;
      else if (code >= 30 && code <= 37) [style.classes.fore, style.color] = ["f" + (code - 30), ""];
      else if (code >= 90 && code <= 97) [style.classes.fore, style.color] = ["f" + (code - 82), ""];
      else if (code >= 40 && code <= 47) [style.classes.back, style.background] = ["b" + (code - 40), ""];
      else if (code >= 100 && code <= 107) [style.classes.back, style.background] = ["b" + (code - 100), ""];
      else if (code === 39) { delete style.classes.fore; style.color = ""; }
      else if (code === 49) { delete style.classes.back; style.background = ""; }
      else if (code === 38 || code === 48) {
        const [color, used] = colorOf(list.slice(i + 1));
        i += used;
        if (code === 38) { delete style.classes.fore; style.color = color; }
        else { delete style.classes.back; style.background = color; }
      }
    }
    if (Object.keys(style.classes).length === 0) delete style.classes;
    this.style = style;
  }
}

/** A colour of the 256 or of all, and how many codes say it. */
function colorOf([kind, a = 0, b = 0, c = 0]) {
  if (kind === 2) return [`rgb(${a},${b},${c})`, 4];
  if (kind !== 5) return ["", 1];
  const basic = ["#6b7480", "#ff7b72", "#57c071", "#e3b341", "#6cb0ff", "#d2a8ff", "#4fc7cf", "#d8dee4", "#9aa5b1",
    "#ffa198", "#7ee787", "#f2cc60", "#a5d6ff", "#e2c5ff", "#7fe3ea", "#ffffff"];
  if (a < 16) return [basic[a], 2];
  if (a >= 232) return [`rgb(${Array(3).fill(8 + (a - 232) * 10)})`, 2];
  const level = (n) => (n === 0 ? 0 : 55 + 40 * n);
  const n = a - 16;
  return [`rgb(${level(Math.floor(n / 36))},${level(Math.floor(n / 6) % 6)},${level(n % 6)})`, 2];
}
