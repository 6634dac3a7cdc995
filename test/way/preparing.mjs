// A visitor comes while the app's repository is still fetched, and watches the bar.

import { desktop, run, screenshot, wanted, widths } from "../browser/browser.mjs";

await run(async (page) => {
  await page.goto(wanted.url);
  const bar = page.getByRole("progressbar");
  await page.locator('main[data-state="preparing"]').waitFor();
  let loads = 0;
  page.on("load", () => loads++);
  await page.locator("#bar[aria-valuenow]").waitFor();
  const values = [];
  let measured = [];
  let text = "";
  let filled = 0;
  // Until the page of the next state comes.
  while (await page.locator("#bar[aria-valuenow]").count()) {
    const value = Number(await bar.getAttribute("aria-valuenow", { timeout: 1000 }).catch(() => NaN));
    if (Number.isFinite(value) && value !== values.at(-1)) {
      values.push(value);
    }
    if (value >= 30 && measured.length === 0) {
      text = await page.locator("main").innerText();
      await page.waitForTimeout(600); // the bar glides to its value
      filled = await page.evaluate(() => document.getElementById("fill").offsetWidth / document.getElementById("bar").offsetWidth);
      measured = await widths(page, { desktop: "preparing-1-desktop", phone: "preparing-2-phone" });
      await page.emulateMedia({ colorScheme: "dark" });
      await screenshot(page, "preparing-3-phone-dark");
      await page.setViewportSize(desktop);
    }
    await page.waitForTimeout(100);
  }
  const before = loads;
  await page.getByText("what was fetched").waitFor();
  return { values, text, filled, loads: before, widths: measured, body: await page.locator("body").innerText() };
});
