// A job under way: its bar and its log go on by themselves, and so does the page
// when it is done.
import { ask, events } from "./api.js";

/** How long to wait before asking again, in milliseconds. */
const pause = 2000;

const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));

export function watch(page) {
  for (const section of page.querySelectorAll(".job")) {
    follow(section);
  }
}

async function follow(section) {
  const { watch: path, next } = section.dataset;
  while (path && !(await streamed(section, path))) {
    await wait(pause);
  }
  if (!path) {
    await wait(pause); // nothing is known but that it takes a while
  }
  location.replace(next);
}

/** Returns whether the job has ended, or is nothing that this visitor may see. */
async function streamed(section, path) {
  try {
    for await (const { event, data } of events(`${path}/events`, section.dataset.last)) {
      if (event === "log") {
        write(section, data);
      } else if (show(section, data)) {
        return true;
      }
    }
  } catch {
    return polled(section, path); // something on the way does not let streams through
  }
  return false;
}

async function polled(section, path) {
  try {
    const done = show(section, await (await ask(path)).json());
    if (section.querySelector("pre")) {
      for (const line of (await (await ask(`${path}/log?after=${section.dataset.last}`)).json()).items) {
        write(section, line);
      }
    }
    return done;
  } catch (refusal) {
    if ([401, 403, 404].includes(refusal.status)) {
      await wait(pause);
      return true; // the page knows more, or asks for a login
    }
    return false; // the service is away for a moment
  }
}

function show(section, job) {
  const title = section.querySelector("[role=status]");
  if (job.title && title.textContent !== job.title) {
    title.textContent = job.title; // only a change is read out
  }
  const bar = section.querySelector("progress");
  const percent = section.querySelector(".percent");
  if (job.percent === undefined) {
    bar.removeAttribute("value");
    percent.textContent = "";
  } else {
    bar.value = job.percent;
    percent.textContent = `${job.percent} %`;
  }
  return job.done;
}

function write(section, line) {
  const log = section.querySelector("pre");
  if (!log || line.number <= Number(section.dataset.last)) {
    return;
  }
  section.dataset.last = line.number;
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.append(`${line.text}\n`);
  if (atEnd) {
    log.scrollTop = log.scrollHeight;
  }
}
