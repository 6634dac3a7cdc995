// A visitor opens an app that doubles a number, changes the number, and waits for
// what the server makes of it.

import { desktop, logIn, run, wanted, widths } from "../../browser/browser.mjs";

const byKeyboard = (selector) => async (page) => {
  await page.locator(selector).first().focus();
  await page.keyboard.press("ArrowRight");
};
const byTyping = async (page) => {
  await page.locator("#number").fill("4");
};

/** How the number is changed from 3 to 4 in each kind of app. */
const change = {
  bokeh: byKeyboard(".noUi-handle"),
  dash: byKeyboard("[role=slider]"),
  fastapi: byTyping,
  flask: async (page) => {
    await byTyping(page);
    await page.locator("#go").click();
  },
  gradio: byKeyboard("input[type=range]"),
  panel: byKeyboard(".noUi-handle"),
  // With the mouse: the keyboard does not move the slider of Debian's version.
  rshiny: async (page) => {
    const line = await page.locator(".irs-line").boundingBox();
    await page.mouse.click(line.x + line.width * 0.4, line.y + line.height / 2);
  },
  shiny: byKeyboard(".irs-line"),
  static: byTyping,
  streamlit: async (page) => {
    await byKeyboard("[role=slider], input[type=range]")(page);
    await shown(page, "doubled: 8");
    await page.locator("input[type=file]").setInputFiles({
      name: "five.txt", mimeType: "text/plain", buffer: Buffer.from("12345"),
    });
    await shown(page, "bytes: 5");
  },
  voila: byKeyboard(".noUi-handle"),
};

await run(async (page) => {
  const sockets = [];
  const asked = [];
  const failed = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  page.on("request", (request) => asked.push(request.url()));
  page.on("requestfailed", (request) => {
    failed.push({ kind: "failed", text: request.failure()?.errorText ?? "", url: request.url() });
  });

  if (wanted.user) {
    await logIn(page, wanted.url);
  } else {
    await page.goto(wanted.url);
  }
  await shown(page, "doubled: 6");
  await change[wanted.app](page);
  await shown(page, "doubled: 8");
  const url = page.url();
  const measured = await widths(page, { desktop: `${wanted.name}-desktop`, phone: `${wanted.name}-phone` });
  await page.setViewportSize(desktop);
  return { url, title: await page.title(), sockets, asked, failed, widths: measured };
});

/** Waits for a text on the page, in a text field as well. */
async function shown(page, text) {
  await page.waitForFunction((wantedText) => {
    const inside = (root) =>
      [...root.querySelectorAll("*")].some(
        (element) =>
          (element.shadowRoot && inside(element.shadowRoot)) ||
          (element.value === wantedText) ||
          (element.children.length === 0 && element.textContent.includes(wantedText)),
      );
    return inside(document);
  }, text);
}
