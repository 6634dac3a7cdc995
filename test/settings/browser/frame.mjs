// Another site shows the app in a frame, where it works like on its own.

import { echo, logIn, run, send, settle, socketOf, wanted } from "./browser.mjs";

/** Opens the other site's page, and returns the frame in it. */
async function frameOf(page, url) {
  await page.goto(`${wanted.portal}/frame?to=${encodeURIComponent(url)}`);
  await page.locator("iframe").waitFor();
  await page.waitForLoadState();
  return page.frames()[1];
}

await run(async (page, context) => {
  // The hub's own pages forbid to be framed, so a login is on a page of its own.
  await logIn(page, `${wanted.hub}/hub/home`);
  const frame = await frameOf(page, wanted.url);
  await settle(frame);
  await frame.getByText('"uri"').waitFor();
  const results = {
    portal: await page.evaluate(() => location.origin),
    url: frame.url(),
    socket: await echo(frame, `${socketOf(wanted.url)}ws`, "hello"),
    post: await send(frame, `${wanted.url}own`, { method: "POST" }),
  };
  const cookies = await context.cookies(wanted.url);

  // Once logged in there, so that only the policy keeps it from the frame.
  await page.goto(wanted.refusing);
  await settle(page);
  results.alone = await page.locator("body").innerText();
  const refused = await frameOf(page, wanted.refusing);
  await page.waitForFunction(() => {
    try {
      return document.querySelector("iframe").contentDocument === null;
    } catch {
      return true;
    }
  });
  results.refused = refused.url();
  return { url: page.url(), cookies, results };
});
