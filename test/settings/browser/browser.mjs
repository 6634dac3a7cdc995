// What every scenario here needs: a Chromium that finds all names of the tests on
// this machine and trusts the edge's key, the hub's login, and a result as JSON.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What the test wants, as JSON: see browse in browser_test.go. */
export const wanted = JSON.parse(process.env.BROWSER_SCENARIO);

const { chromium } = createRequire(join(wanted.modules, "bed.js"))("playwright-core");

// Neither Chromium itself nor a page in it may talk to any other machine.
const settings = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  "--host-resolver-rules=MAP *.localhost 127.0.0.1, MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  `--ignore-certificate-errors-spki-list=${wanted.trusted}`,
  "--no-first-run",
  "--no-sandbox",
];

// Some builds send no cookies with what another site's page asks for. Those that
// do are the ones to be careful with, and the ones that can show apps in frames.
const preferences = { profile: { cookie_controls_mode: 0, block_third_party_cookies: false } };

/** Runs a scenario in a new Chromium and prints what it returns as JSON. */
export async function run(scenario) {
  await mkdir(wanted.output, { recursive: true });
  const data = await mkdtemp(join(tmpdir(), "settings-chromium-"));
  await mkdir(join(data, "Default"));
  await writeFile(join(data, "Default", "Preferences"), JSON.stringify(preferences));
  let context;
  let result;
  try {
    context = await chromium.launchPersistentContext(data, {
      executablePath: wanted.chromium,
      headless: true,
      args: settings,
    });
    context.setDefaultTimeout(60_000);
    const page = context.pages()[0] ?? (await context.newPage());
    try {
      result = await scenario(page, context);
    } catch (error) {
      await page.screenshot({ path: join(wanted.output, "failure.png") }).catch(() => {});
      result = { failure: String(error?.stack ?? error), url: page.url() };
    }
  } catch (error) {
    result = { failure: String(error?.stack ?? error) };
  } finally {
    await context?.close();
    await rm(data, { recursive: true, force: true });
  }
  console.log(JSON.stringify(result));
}

/** Opens an address, and answers what the hub asks on the way. */
export async function logIn(page, url) {
  await page.goto(url);
  if (page.url().includes("/hub/login")) {
    await page.locator("#username_input").fill(wanted.user);
    await page.locator("#password_input").fill(wanted.password);
    await page.locator("#login_submit").click();
    await page.waitForLoadState();
  }
  // Whoever visits somebody else's server is asked once whether it may know who
  // they are.
  if (page.url().includes("/hub/api/oauth2/authorize")) {
    await page.getByRole("button", { name: "Authorize" }).click();
    await page.waitForLoadState();
  }
}

/** Says what a page shows: the app, one of our pages by its state, or else. */
export async function stateOf(page) {
  const main = page.locator("main[data-state]");
  if (await main.count()) {
    return main.getAttribute("data-state");
  }
  const text = await page.locator("body").innerText();
  return text.includes('"uri"') || text.includes("witness") ? "app" : "else";
}

/** Waits out those of our pages that go on by themselves. */
export async function settle(page) {
  await page.waitForFunction(
    () => document.body && !["starting", "signed_in"].includes(document.querySelector("main")?.dataset.state),
  );
}

/** Opens a websocket in a page or frame, sends a text and returns what came back after the hello. */
export function echo(frame, url, text) {
  return frame.evaluate(
    ([url, text]) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url);
        let hello = true;
        socket.onmessage = ({ data }) => {
          if (hello) {
            hello = false;
            socket.send(text);
            return;
          }
          resolve(data);
          socket.close();
        };
        socket.onclose = ({ code }) => resolve(`closed ${code}`);
      }),
    [url, text],
  );
}

/** Gives the address of a websocket for one of a page. */
export const socketOf = (url) => url.replace(/^http/, "ws");

/** Sends a request from a page or frame and says how it was answered. */
export function send(frame, url, options) {
  return frame.evaluate(
    ([url, options]) =>
      fetch(url, options).then(
        (answer) => `${answer.type} ${answer.status}`,
        (error) => `failed: ${error.message}`,
      ),
    [url, options],
  );
}
