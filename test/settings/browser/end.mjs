// A guest's page keeps a websocket open until somebody closes it.

import { logIn, run, settle, socketOf, wanted } from "./browser.mjs";

await run(async (page) => {
  await logIn(page, wanted.url);
  await settle(page);
  const closed = await page.evaluate(
    (url) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url);
        socket.onclose = ({ code, reason, wasClean }) => resolve({ code, reason, clean: wasClean });
      }),
    `${socketOf(wanted.url)}ws?browser`,
  );
  return { url: page.url(), closed };
});
