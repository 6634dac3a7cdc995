// A user opens two servers of one host whose login cookies both have the path /,
// and logs out of one.

import { echo, logIn, run, settle, socketOf, stateOf, wanted } from "./browser.mjs";

await run(async (page, context) => {
  const results = {};
  for (const url of [wanted.one, wanted.two, wanted.one]) {
    await logIn(page, url);
    await settle(page);
    const { pathname } = new URL(url);
    results[`${pathname} state`] = await stateOf(page);
    results[`${pathname} socket`] = await echo(page, `${socketOf(url)}ws`, pathname);
  }
  const cookies = await context.cookies(wanted.one);
  await page.goto(`${wanted.one}logout`);
  const left = await context.cookies([wanted.one, wanted.two]);
  results.left = left.map(({ name }) => name).join(" ");
  return { url: page.url(), cookies, results };
});
