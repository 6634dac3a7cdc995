// A visitor finds an app that has ended, and has it started again by the button:
// first with scripts, then, after the app has ended once more, without.

import { rm, writeFile } from "node:fs/promises";
import { desktop, run, screenshot, wanted, widths } from "../browser/browser.mjs";

await run(async (page) => {
  const main = page.locator('main[data-state="failed"]');
  const button = page.getByRole("button", { name: "Try again" });
  const posts = [];
  page.on("request", (request) => {
    if (request.method() === "POST") {
      posts.push(`${request.isNavigationRequest() ? "form" : "script"} ${new URL(request.url()).pathname}`);
    }
  });

  await page.goto(`${wanted.url}deep?x=1#part`);
  await main.waitFor();
  const text = await main.innerText();
  const measured = await widths(page, { desktop: "failed-1-desktop", phone: "failed-2-phone" });
  const tall = (await button.boundingBox()).height;
  await page.emulateMedia({ colorScheme: "dark" });
  await screenshot(page, "failed-3-phone-dark");
  await page.setViewportSize(desktop);
  await screenshot(page, "failed-4-dark");
  await page.emulateMedia({ colorScheme: "light" });

  // It still fails: the visitor comes to the page of that again.
  await button.click();
  await page.locator('main[data-state="backoff"], main[data-state="starting"]').waitFor();
  await page.getByRole("button", { name: "Start now" }).waitFor();
  await screenshot(page, "failed-5-backoff");
  await main.waitFor();

  await writeFile(wanted.release, "");
  await button.focus();
  await page.keyboard.press("Enter");
  await page.getByText('"uri"').waitFor();
  const byScript = page.url();

  // The app ends again, and this browser has no scripts. So it has no animation
  // frames either, for which the driver's own clicks and waits would wait.
  await rm(wanted.release);
  await fetch(`${wanted.url}exit?code=3`).catch(() => { /* the app is gone before it has answered */ });
  // Until that is seen its pages are none that load themselves again.
  let state;
  do {
    state = (await (await fetch(`${wanted.url}.jhsingle/status`)).json()).state;
  } while (state === "ready");
  const plain = await page.context().browser().newContext({ javaScriptEnabled: false });
  const simple = await plain.newPage();
  simple.on("request", (request) => {
    if (request.method() === "POST") {
      posts.push(`form ${new URL(request.url()).pathname}`);
    }
  });
  const until = async (locator) => {
    while (!(await locator.count())) {
      await simple.waitForTimeout(200);
    }
  };
  await simple.goto(`${wanted.url}deep?x=1`);
  await until(simple.locator('main[data-state="failed"]')); // the page reloads itself until then
  await writeFile(wanted.release, "");
  await simple.getByRole("button", { name: "Try again" }).click({ force: true });
  await until(simple.getByText('"uri"'));
  return { text, posts, byScript, byForm: simple.url(), widths: measured, tall };
});
