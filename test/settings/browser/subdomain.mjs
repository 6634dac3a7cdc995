// Alice opens her server on her domain, then Bob's on his, whose page tries to act
// as her on hers; at last she logs out.

import { echo, logIn, run, send, settle, socketOf, stateOf, wanted } from "./browser.mjs";

await run(async (page, context) => {
  await logIn(page, wanted.url);
  await settle(page);
  const results = {
    url: page.url(),
    state: await stateOf(page),
    socket: await echo(page, `${socketOf(wanted.url)}ws`, "hello"),
    own: await send(page, `${wanted.url}own`, { method: "POST" }),
  };
  const cookies = await context.cookies(wanted.url);
  const elsewhere = await context.cookies([wanted.hub, wanted.other]);
  results.elsewhere = elsewhere.map(({ name }) => name).join(" ");

  await logIn(page, wanted.other);
  await settle(page);
  results.otherState = await stateOf(page);
  results.otherOrigin = await page.evaluate(() => location.origin);
  for (const method of ["POST", "PUT"]) {
    results[`forged ${method}`] = await send(page, `${wanted.url}forged`, {
      method,
      mode: method === "POST" ? "no-cors" : "cors",
      credentials: "include",
    });
  }
  results["forged socket"] = await echo(page, `${socketOf(wanted.url)}ws?forged`, "hello");
  results["read"] = await send(page, `${wanted.url}read`, { credentials: "include" });

  await page.goto(`${wanted.url}logout`);
  results.afterLogout = page.url();
  const left = await context.cookies(wanted.url);
  results.left = left.map(({ name }) => name).join(" ");
  await page.goto(wanted.url);
  results.again = page.url();
  return { url: page.url(), cookies, results };
});
