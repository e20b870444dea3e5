// Talks to the service: questions, and the stream of events. The token, where one is needed, stays in this tab.

const TOKEN = "image-builder-token";

export class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

let askForToken = null; // resolves with a token; set by the page

export function setTokenPrompt(prompt) {
  askForToken = prompt;
}

/** A fetch with the token; asks for one where it is missing or wrong. Throws Refused for every other failure. */
export async function ask(path, options = {}) {
  for (;;) {
    const token = sessionStorage.getItem(TOKEN);
    const headers = { ...options.headers, ...(token ? { Authorization: "Bearer " + token } : {}) };
    const answer = await fetch(path, { ...options, headers, cache: "no-store" });
    if (answer.ok) return answer;
    if (answer.status !== 401 || !askForToken) throw new Refused(answer.status, (await answer.text()).trim());
    if (sessionStorage.getItem(TOKEN) === token) sessionStorage.setItem(TOKEN, await askForToken());
  }
}

export async function askJson(path) {
  return (await ask(path)).json();
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Calls `take(event, data)` for every event, for ever; `status(connected)` when the connection comes and goes. */
export async function follow(take, status) {
  for (;;) {
    try {
      const answer = await ask("/debug/events");
      status(true);
      await readEvents(answer.body, take);
    } catch (error) {
      if (error instanceof Refused) console.warn(error.message);
    }
    status(false);
    await pause(1000);
  }
}

async function readEvents(body, take) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    const blocks = rest.split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const cut = block.indexOf("\ndata: ");
      take(block.slice("event: ".length, cut), JSON.parse(block.slice(cut + "\ndata: ".length)));
    }
  }
}

/** A table whose changes come as {whole, rows, gone}. */
export function applyChanges(table, change) {
  if (change.whole) table.clear();
  for (const id of change.gone) table.delete(id);
  for (const row of change.rows) table.set(row.id, row);
}
