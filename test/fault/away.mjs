// The hub goes away under people's hands: one comes for the first time, one was
// in before. Both get a page that opens the app by itself when the hub is back.
//
// The test makes and ends the fault. Each side tells the other by a file in the
// folder that the test names: "away" and "back" are questions, with a number.

import { access, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { desktop, logIn, run, screenshot, wanted, widths } from "../browser/browser.mjs";

await run(async (page) => {
  const statuses = [];
  page.on("response", (response) => {
    if (response.request().isNavigationRequest()) {
      statuses.push(response.status());
    }
  });
  const away = page.locator('main[data-state="hub_unavailable"]');

  // The newcomer: the hub's login works, and the way back from it does not.
  await ask("away-1");
  await logIn(page, wanted.url);
  await away.waitFor();
  const newcomer = { text: await away.innerText(), path: new URL(page.url()).pathname };
  // The page loads itself again every few seconds, and may do so while it is measured.
  const measure = () => widths(page, { desktop: "away-1-newcomer", phone: "away-2-phone" });
  const measured = await measure().catch(measure);
  await page.setViewportSize(desktop);
  // It tries by itself, and stays what it is, before the hub is back.
  const before = statuses.length;
  while (statuses.length < before + 2) {
    await pause(100);
  }
  await away.waitFor();
  const tried = statuses.slice(before);
  await ask("back-1");
  await page.getByText('"uri"').waitFor();
  await screenshot(page, "away-3-newcomer-is-in");
  const entered = page.url();

  // Who was in: the verdict ends while the hub is away, and the page is loaded again.
  await ask("away-2");
  const inside = wanted.url.replace("deep?x", "inside?y");
  for (;;) {
    await page.goto(inside);
    if (await away.isVisible()) {
      break;
    }
    await pause(200);
  }
  await screenshot(page, "away-4-who-was-in");
  await ask("back-2");
  await page.getByText('"uri":"/inside?y"').waitFor();
  await screenshot(page, "away-5-is-in-again");
  return { ...newcomer, tried, entered, url: page.url(), widths: measured, last: await page.locator("body").innerText() };
});

/** Asks the test to do something, and waits until it is done. */
async function ask(what) {
  await writeFile(join(wanted.folder, what), "");
  for (;;) {
    try {
      await access(join(wanted.folder, `${what}-done`));
      return;
    } catch {
      await pause(50);
    }
  }
}
