// Alice opens her dashboard like a person: logs in, waits for it, and moves the
// slider with the keyboard and with the mouse.

import { createHash } from "node:crypto";
import { logIn, run, screenshot, wanted, widths } from "./browser.mjs";

await run(async (page) => {
  await logIn(page, wanted.url);

  const chart = page.locator("img.widget-image, .widget-image img").first();
  const handle = page.locator(".noUi-handle").first();
  await chart.waitFor();
  await handle.waitFor();
  const url = page.url();
  const atFirst = await pictureOf(chart);
  await screenshot(page, "voila-1-opened");

  await handle.focus();
  await page.keyboard.press("ArrowRight");
  const byKeyboard = await changedPicture(chart, atFirst);
  const readout = await page.locator(".widget-readout").first().innerText();
  await screenshot(page, "voila-2-keyboard");

  const track = await page.locator(".noUi-base").first().boundingBox();
  const knob = await handle.boundingBox();
  await page.mouse.move(knob.x + knob.width / 2, knob.y + knob.height / 2);
  await page.mouse.down();
  await page.mouse.move(track.x + track.width * 0.8, knob.y + knob.height / 2, { steps: 8 });
  await page.mouse.up();
  const byMouse = await settledPicture(chart, byKeyboard);
  await screenshot(page, "voila-3-mouse");
  const lastReadout = await page.locator(".widget-readout").first().innerText();
  const measured = await widths(page, { desktop: "voila-4-desktop", phone: "voila-5-phone" });

  return {
    url,
    title: await page.title(),
    text: await page.locator("body").innerText(),
    codeCells: await page.locator(".jp-CodeCell .jp-InputArea:visible, .jp-Editor:visible, .highlight:visible").count(),
    readout,
    lastReadout,
    pictures: [atFirst, byKeyboard, byMouse],
    widths: measured,
  };
});

/** Returns a digest of the picture's own bytes: its address may change without it. */
async function pictureOf(image) {
  const bytes = await image.evaluate(async (element) => {
    await element.decode();
    const answer = await fetch(element.src);
    return Array.from(new Uint8Array(await answer.arrayBuffer()));
  });
  return createHash("sha256").update(Uint8Array.from(bytes)).digest("hex");
}

async function changedPicture(image, before) {
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    const now = await pictureOf(image).catch(() => before);
    if (now !== before) {
      return now;
    }
    await image.page().waitForTimeout(50);
  }
  throw new Error("the chart did not change");
}

/** A dragged slider draws many pictures on the way; this is the last of them. */
async function settledPicture(image, before) {
  let last = await changedPicture(image, before);
  for (let same = 0; same < 5; ) {
    await image.page().waitForTimeout(100);
    const now = await pictureOf(image).catch(() => "");
    same = now === last ? same + 1 : 0;
    last = now;
  }
  return last;
}
