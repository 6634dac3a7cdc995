// The service's JSON API, as the page's own user.

const root = document.body.dataset.api;
const proof = document.querySelector("meta[name=csrf-token]")?.content ?? "";

/** Asks for a path below the API, or for a whole one, and returns the answer. */
export async function ask(path, headers = {}) {
  const address = path.startsWith("/") ? path : `${root}/${path}`;
  const answer = await fetch(address, {
    cache: "no-store",
    credentials: "same-origin",
    redirect: "error",
    headers: { Accept: "application/json", "X-CSRF-Token": proof, ...headers },
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

/**
 * Yields a stream's events as {event, data}. EventSource would not do: it sends no
 * headers, and so does not prove that it is ours.
 */
export async function* events(path, last) {
  const headers = { Accept: "text/event-stream" };
  if (last) {
    headers["Last-Event-ID"] = String(last);
  }
  const answer = await ask(path, headers);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      return;
    }
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s)));
      if (fields.event) {
        yield { event: fields.event, data: JSON.parse(fields.data) };
      }
    }
  }
}
