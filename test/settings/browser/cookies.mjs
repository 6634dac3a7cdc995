// A user logs in to one server after the other, each with other cookie options,
// and later comes back by a link on another site.

import { logIn, run, settle, stateOf, wanted } from "./browser.mjs";

await run(async (page, context) => {
  const visits = [];
  for (const { url, cookie } of wanted.visits) {
    await logIn(page, url);
    await settle(page);
    const state = await stateOf(page);
    const text = state === "app" ? "" : await page.locator("body").innerText();
    const kept = (await context.cookies(url)).some(({ name }) => name === cookie);
    const seen = { state, url: page.url(), text, kept };

    await page.goto(`${wanted.portal}/link?to=${encodeURIComponent(url)}`);
    await page.locator("a").click();
    await page.waitForURL((now) => !now.href.startsWith(wanted.portal));
    await settle(page);
    await page.waitForLoadState();
    seen.linked = await stateOf(page);
    seen.linkedURL = page.url();
    visits.push(seen);
  }
  return { visits };
});
