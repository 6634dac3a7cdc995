// What the scenarios of the page have in common.

import { wanted } from "../browser/browser.mjs";

export const at = (path) => wanted.url + wanted.prefix + path;

/** Signs somebody in. */
export async function be(context, visitor) {
  await context.addCookies([{ name: "visitor", value: encodeURIComponent(visitor), url: wanted.url }]);
}

/** Lets the job of a dashboard get ahead to a percentage, or without one to its end. */
export async function proceed(of, percent = "") {
  await fetch(`${wanted.url}/job?${new URLSearchParams({ of, percent })}`);
}

/** The text of what a selector finds, in one line. */
export async function text(page, selector) {
  return (await page.locator(selector).first().innerText()).replace(/\s+/g, " ").trim();
}
