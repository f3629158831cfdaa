// All that is asked of the server goes through here.

/** An answer that is no success: what the server says about it, for people. */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail ?? `The server answered ${status}.`);
    this.status = status;
    this.title = document.title ?? "Refused";
    this.kind = (document.type ?? "").replace("urn:tenure:problem:", "");
    /** @type {{field: string, message: string}[]} */
    this.errors = document.errors ?? [];
    this.strategy = document.strategy;
  }
}

function headers() {
  return { accept: "application/json" };
}

async function request(method, path, { query, body, version } = {}) {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const url = pairs.length ? `${path}?${new URLSearchParams(pairs)}` : path;
  const options = { method, headers: headers(), cache: "no-store", signal: AbortSignal.timeout(15000) };
  if (version !== undefined) options.headers["if-match"] = `"${version}"`;
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["content-type"] = "application/json";
  }
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    throw new Problem(0, { detail: "No replica answers. The dashboard goes on trying.", title: "No answer" });
  }
  const document = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, document);
  return { status: response.status, ...document };
}

export const get = (path, query) => request("GET", path, { query });
export const remove = (path) => request("DELETE", path);
export const post = (path, body = {}) => request("POST", path, { body });
export const put = (path, body) => request("PUT", path, { body });
/** Changes what it names; refused with 412 if it is not this version any more. */
export const patch = (path, body, version) => request("PATCH", path, { body, version });

/** Every item of a paged list. */
export async function* all(path, query = {}) {
  let cursor;
  do {
    const page = await get(path, { ...query, limit: 500, cursor });
    yield* page.items;
    cursor = page.next_cursor;
  } while (cursor);
}

const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/**
 * Follows the stream of events for as long as the page lives. It comes back by itself, at another replica if need be, with
 * what it missed.
 * @param {(event: object) => void} onEvent
 * @param {(isOpen: boolean) => void} onState
 */
export async function follow(onEvent, onState) {
  let last = null;
  let pause = 250;
  for (;;) {
    const control = new AbortController();
    // The server says something at least every 15 seconds.
    let silence;
    const heard = () => { clearTimeout(silence); silence = setTimeout(() => control.abort(), 40000); };
    heard();
    try {
      const url = last === null ? "/api/events" : `/api/events?last_event_id=${last}`;
      const response = await fetch(url, { headers: { ...headers(), accept: "text/event-stream" }, cache: "no-store", signal: control.signal });
      if (!response.ok) throw new Error(`the stream answered ${response.status}`);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        heard();
        onState(true);
        pause = 250;
        const messages = (rest + value).split("\n\n");
        rest = messages.pop();
        for (const message of messages) {
          const start = /^: events after (\d+)$/m.exec(message);
          if (start) last = start[1];
          const id = /^id: (\d+)$/m.exec(message);
          const data = /^data: (.*)$/m.exec(message);
          if (id) last = id[1];
          if (data) onEvent(JSON.parse(data[1]));
        }
      }
    } catch {
      // Whatever it was: the next attempt is due.
    }
    clearTimeout(silence);
    onState(false);
    await sleep(pause * (0.5 + Math.random() / 2));
    pause = Math.min(pause * 2, 3000);
  }
}
