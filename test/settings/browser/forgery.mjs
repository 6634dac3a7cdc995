// An app's page sends requests of all kinds with no token of anybody's, and then
// another site's page tries the same.

import { echo, logIn, run, send, settle, socketOf, stateOf, wanted } from "./browser.mjs";

await run(async (page, context) => {
  await logIn(page, wanted.url);
  await settle(page);
  const results = {};
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
    results[`own ${method}`] = await send(page, `${wanted.url}own`, { method });
  }
  results["own socket"] = await echo(page, `${socketOf(wanted.url)}ws`, "hello");
  const visible = await page.evaluate(() => document.cookie);
  const cookies = await context.cookies(wanted.url);

  const form = `${wanted.portal}/form?to=${encodeURIComponent(`${wanted.url}forged`)}`;
  await page.goto(form);
  results["forged POST"] = await send(page, `${wanted.url}forged`, {
    method: "POST",
    mode: "no-cors",
    credentials: "include",
  });
  results["forged socket"] = await echo(page, `${socketOf(wanted.url)}ws?forged`, "hello");
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === "POST" && response.request().isNavigationRequest()),
    page.locator("button").click(),
  ]);
  await page.waitForLoadState();
  return {
    url: page.url(),
    status: answer.status(),
    state: await stateOf(page),
    text: visible,
    cookies,
    results,
  };
});
