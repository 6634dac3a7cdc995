// A visitor comes while the app's repository is still fetched, and watches the bar.
// The repository comes in pieces, one more for each byte of the file wanted.pieces.

import { appendFile } from "node:fs/promises";
import { desktop, run, screenshot, wanted, widths } from "../browser/browser.mjs";

await run(async (page) => {
  await page.goto(wanted.url);
  const bar = page.locator("#bar[aria-valuenow]");
  await page.locator('main[data-state="preparing"]').waitFor();
  let loads = 0;
  page.on("load", () => loads++);
  const values = [];
  const until = async (least) => {
    for (;;) {
      const value = Number(await bar.getAttribute("aria-valuenow"));
      if (value !== values.at(-1)) {
        values.push(value);
      }
      if (value >= least) {
        return;
      }
      await appendFile(wanted.pieces, ".");
      await page.waitForTimeout(500); // the page asks only once a second
    }
  };
  await until(30);
  const text = await page.locator("main").innerText();
  const part = () => document.getElementById("fill").offsetWidth / document.getElementById("bar").offsetWidth;
  while ((await page.evaluate(part)) < 0.25) {
    await page.waitForTimeout(50); // the bar glides to its value
  }
  const filled = await page.evaluate(part);
  const measured = await widths(page, { desktop: "preparing-1-desktop", phone: "preparing-2-phone" });
  await page.emulateMedia({ colorScheme: "dark" });
  await screenshot(page, "preparing-3-phone-dark");
  await page.setViewportSize(desktop);
  await until(50);
  const before = loads;
  await appendFile(wanted.pieces, ".".repeat(1000));
  await page.getByText("what was fetched").waitFor();
  return { values, text, filled, loads: before, widths: measured, body: await page.locator("body").innerText() };
});
