// The service's JSON API, as the page's own user.

const root = document.body.dataset.api;
const proof = document.querySelector("meta[name=csrf-token]")?.content ?? "";

/** Asks for a path below the API, or for a whole one, and returns the answer. */
export async function ask(path, headers = {}, signal = undefined) {
  const address = path.startsWith("/") ? path : `${root}/${path}`;
  const answer = await fetch(address, {
    cache: "no-store",
    credentials: "same-origin",
    redirect: "error",
    headers: { Accept: "application/json", "X-CSRF-Token": proof, ...headers },
    signal,
  });
  if (!answer.ok) {
    throw new Refusal(answer.status, (await answer.json().catch(() => ({}))).detail);
  }
  return answer;
}

/** What the service did not do. */
export class Refusal extends Error {
  constructor(status, detail) {
    super(detail || document.body.dataset.failed);
    this.status = status;
  }
}

/** After how many milliseconds a stream is broken: something comes every 5 seconds. */
const silence = 15_000;

/**
 * Yields a stream's events as {event, data}. EventSource would not do: it sends no
 * headers, and so does not prove that it is ours. Nor does it notice that a service
 * has died, which the hub's proxy does not tell.
 */
export async function* events(path, last) {
  const headers = { Accept: "text/event-stream" };
  if (last) {
    headers["Last-Event-ID"] = String(last);
  }
  const broken = new AbortController();
  let timer;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => broken.abort(), silence);
  };
  alive();
  try {
    const answer = await ask(path, headers, broken.signal);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) {
        return;
      }
      alive();
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s)));
        if (fields.event) {
          yield { event: fields.event, data: JSON.parse(fields.data) };
        }
      }
    }
  } finally {
    clearTimeout(timer);
    broken.abort(); // who left the loop wants no more of it
  }
}
