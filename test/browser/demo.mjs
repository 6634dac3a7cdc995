// Alice signs in to the demo, finds her sample dashboard on the Dashboards page, and
// opens it. Then Bob, with whom she shares it, does the same in a browser of his own.

import { desktop, logIn, phone, run, screenshot, wanted, widths } from "./browser.mjs";

await run(async (page) => {
  await logIn(page, wanted.url);
  const card = page.locator("main").getByRole("article").or(page.locator("main li")).filter({ hasText: "A wave you can move" }).first();
  await card.waitFor();
  const list = page.url();
  const measured = await widths(page, { desktop: "demo-1-list", phone: "demo-2-list-phone" });
  await page.setViewportSize(desktop);
  await open(page);
  const url = page.url();
  await screenshot(page, "demo-3-dashboard");

  const other = await page.context().browser()?.newContext() ?? await page.context();
  await other.clearCookies();
  const bobs = await other.newPage();
  await bobs.goto(wanted.url);
  await bobs.locator("#username_input").fill("bob");
  await bobs.locator("#password_input").fill(wanted.password);
  await bobs.locator("#login_submit").click();
  await bobs.getByRole("link", { name: /From others/ }).click();
  await bobs.setViewportSize(phone);
  await screenshot(bobs, "demo-4-from-others-phone");
  await open(bobs);
  await screenshot(bobs, "demo-5-bob");

  return {
    url,
    state: list,
    title: await bobs.title(),
    text: await bobs.locator("body").innerText(),
    codeCells: await bobs.locator(".jp-CodeCell .jp-InputArea:visible, .jp-Editor:visible, .highlight:visible").count(),
    readout: await move(bobs),
    widths: measured,
  };
});

/** Follows the link to the dashboard, says yes where the hub asks, and waits for Voila. */
async function open(page) {
  await page.getByRole("link", { name: /^Open/ }).first().click();
  const consent = page.getByRole("button", { name: "Authorize" });
  await consent.or(page.locator(".noUi-handle").first()).first().waitFor();
  if (await consent.isVisible()) {
    await screenshot(page, "demo-consent");
    await consent.click();
  }
  await page.locator(".noUi-handle").first().waitFor();
}

async function move(page) {
  await page.locator(".noUi-handle").first().focus();
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => document.querySelector(".widget-readout")?.textContent.trim() === "1.5");
  return page.locator(".widget-readout").first().innerText();
}
