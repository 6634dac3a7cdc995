// A visitor comes while the app still starts and just waits.

import { writeFile } from "node:fs/promises";
import { desktop, logIn, run, screenshot, wanted, widths } from "./browser.mjs";

await run(async (page) => {
  await logIn(page, wanted.url);
  await page.locator('main[data-state="starting"]').waitFor();
  const measured = await widths(page, { desktop: "starting-1-desktop", phone: "starting-2-phone" });
  await page.setViewportSize(desktop);
  const state = await page.locator("main").getAttribute("data-state");
  await writeFile(wanted.release, "");
  await page.locator('main[data-state="starting"]').waitFor({ state: "detached" });
  await page.getByText('"uri"').waitFor();
  await screenshot(page, "starting-3-app");
  return { url: page.url(), state, text: await page.locator("body").innerText(), widths: measured };
});
