// What every browser scenario needs: a Chromium of its own, a page that remembers
// its complaints, the hub's login form, and a result for the Go test that asked.

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * What the test wants, as JSON in BROWSER_SCENARIO: url, user, password, output
 * (folder of the screenshots), chromium (its path), modules (folder of the bed's
 * node_modules) and whatever else the scenario knows.
 */
export const wanted = JSON.parse(process.env.BROWSER_SCENARIO);

export const { chromium } = createRequire(join(wanted.modules, "bed.js"))("playwright-core");

// Neither Chromium itself nor a page in it may talk to anybody but the hub.
export const quiet = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE *.localhost",
  "--no-first-run",
  "--no-sandbox",
];

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 390, height: 844 };

/**
 * Runs a scenario in a new Chromium with a new user data folder and prints what it
 * returns as JSON, together with what the page complained about.
 */
export async function run(scenario) {
  await mkdir(wanted.output, { recursive: true });
  const data = await mkdtemp(join(tmpdir(), "bed-chromium-"));
  let context;
  let result;
  try {
    context = await chromium.launchPersistentContext(data, {
      executablePath: wanted.chromium,
      headless: true,
      args: quiet,
      viewport: desktop,
    });
    context.setDefaultTimeout(60_000);
    const page = context.pages()[0] ?? (await context.newPage());
    const complaints = listen(page);
    try {
      result = { ...(await scenario(page)), complaints };
    } catch (error) {
      await screenshot(page, "failure").catch(() => {});
      result = { failure: String(error?.stack ?? error), url: page.url(), complaints };
    }
  } catch (error) {
    result = { failure: String(error?.stack ?? error) };
  } finally {
    await context?.close();
    await rm(data, { recursive: true, force: true });
  }
  console.log(JSON.stringify(result));
}

/** Collects console errors, uncaught exceptions, dialogs and answers above 399. */
function listen(page) {
  const complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error") {
      complaints.push({ kind: "console", text: message.text(), url: message.location().url });
    }
  });
  page.on("pageerror", (error) => {
    complaints.push({ kind: "exception", text: String(error), url: page.url() });
  });
  page.on("dialog", async (dialog) => {
    complaints.push({ kind: "dialog", text: dialog.message(), url: page.url() });
    await dialog.dismiss();
  });
  page.on("response", (response) => {
    if (response.status() > 399) {
      complaints.push({ kind: "status", text: String(response.status()), url: response.url() });
    }
  });
  return complaints;
}

/** Opens a page of the hub or behind it and fills in the login form it leads to. */
export async function logIn(page, url) {
  await page.goto(url);
  await page.locator("#username_input").fill(wanted.user);
  await page.locator("#password_input").fill(wanted.password);
  await page.locator("#login_submit").click();
}

/** Puts a picture of the page beside the test's logs. */
export async function screenshot(page, name) {
  await page.screenshot({ path: join(wanted.output, `${name}.png`), fullPage: true });
}

/** Takes pictures on both kinds of screen and returns how wide the page was. */
export async function widths(page, names) {
  const measured = [];
  for (const [size, name] of [[desktop, names.desktop], [phone, names.phone]]) {
    await page.setViewportSize(size);
    await screenshot(page, name);
    measured.push(await page.evaluate(() => document.documentElement.scrollWidth));
  }
  return measured;
}
