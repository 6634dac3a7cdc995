// A visitor comes to an app that ends over and over, and waits until our program
// gives up on it.

import { desktop, logIn, run, screenshot, wanted, widths } from "./browser.mjs";

await run(async (page) => {
  await logIn(page, wanted.url);
  await page.locator("main[data-state]").waitFor();
  await page.locator("#log").filter({ hasText: "alert" }).waitFor({ state: "attached" });
  await screenshot(page, "failed-1-restarting");
  await page.locator('main[data-state="failed"]').waitFor({ timeout: 90_000 });
  const measured = await widths(page, { desktop: "failed-2-desktop", phone: "failed-3-phone" });
  await page.setViewportSize(desktop);
  const main = page.locator("main");
  return {
    url: page.url(),
    state: await main.getAttribute("data-state"),
    text: await main.innerText(),
    log: await page.locator("#log").textContent(),
    scripts: await page.locator("main script, main img, #log *").count(),
    widths: measured,
  };
});
