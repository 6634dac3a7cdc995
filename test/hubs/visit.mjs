// A person comes to a server by way of the hub's login, says yes if the hub asks
// whether the server may know who it is, talks over a websocket, and logs out.

import { logIn, run, screenshot, wanted } from "../browser/browser.mjs";

await run(async (page) => {
  await logIn(page, wanted.url);
  const agree = page.getByRole("button", { name: "Authorize" });
  const app = page.getByText('"uri"');
  await agree.or(app).first().waitFor();
  const asked = await agree.isVisible();
  if (asked) {
    await screenshot(page, "question");
    await agree.click();
  }
  await app.waitFor();
  await screenshot(page, "app");
  const url = page.url();
  const text = await page.locator("body").innerText();
  const echo = await talk(page);

  await page.goto(wanted.home + "logout");
  await page.locator("#login_submit").waitFor();
  const loggedOut = page.url();
  const echoAfter = await talk(page);
  await page.goto(wanted.url);
  await page.locator("#login_submit").waitFor();
  return { url, text, asked, echo, loggedOut, echoAfter, last: page.url() };
});

/** Opens a websocket from the page and returns the echo of a word, or "refused". */
function talk(page) {
  return page.evaluate(
    (address) =>
      new Promise((tell) => {
        const socket = new WebSocket(address);
        let hello = true;
        socket.onerror = () => tell("refused");
        socket.onmessage = (message) => {
          if (hello) {
            hello = false;
            socket.send("grüezi");
            return;
          }
          tell(message.data);
          socket.close();
        };
      }),
    wanted.home.replace("http:", "ws:") + "ws",
  );
}
