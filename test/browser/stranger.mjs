// Bob tries to open somebody else's server: first through the hub's login, which
// turns him away, then with an API token, which our program does.

import { logIn, run, screenshot, wanted } from "./browser.mjs";

await run(async (page) => {
  let status = 0;
  page.on("response", (response) => {
    if (response.request().isNavigationRequest()) {
      status = response.status();
    }
  });
  await logIn(page, wanted.url);
  await page.getByText("403").first().waitFor();
  const afterLogin = { url: page.url(), status };
  await screenshot(page, "stranger-1-hub");

  await page.setExtraHTTPHeaders({ Authorization: `token ${wanted.token}` });
  const answer = await page.goto(wanted.url);
  await page.locator('main[data-state="forbidden"]').waitFor();
  await screenshot(page, "stranger-2-ours");
  return {
    ...afterLogin,
    tokenStatus: answer.status(),
    text: await page.locator("main").innerText(),
  };
});
