// Ada has no mouse.

import { run } from "../browser/browser.mjs";
import { at, be } from "./page.mjs";

await run(async (page) => {
  const seen = [];
  await be(page.context(), "ada");
  const focus = (of) => page.evaluate(of);
  // What a key does can come a moment after it.
  const see = async (what, condition, given) => {
    const met = await page.waitForFunction(condition, given, { timeout: 10_000 }).catch(() => false);
    seen.push(met ? what : `not: ${what}`);
  };
  const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());

  await page.goto(at(""));
  await press("Tab");
  seen.push(`first: ${await focus(() => document.activeElement.textContent)}`);
  await press("Enter");
  await page.waitForFunction(() => document.activeElement.id === "main");
  seen.push("skipped to: main");

  const menu = page.locator(".card", { hasText: "Energy use" }).locator("summary");
  await menu.focus();
  await press("Enter");
  const items = [];
  for (;;) {
    await press("Tab");
    const item = await focus(() => (document.activeElement.closest(".menu[open] ul") ? document.activeElement.textContent.trim() : ""));
    if (!item) {
      break;
    }
    items.push(item);
  }
  seen.push(`menu: ${items.join(", ")}`);
  await menu.focus();
  await press("Enter", "Tab", "Tab", "Escape");
  await see("closed, focus on its button", () => !document.querySelector(".menu[open]") && document.activeElement.matches(".menu summary"));

  await page.goto(at("new"));
  await page.locator(".browse").nth(1).focus();
  await press("Enter");
  await page.locator("dialog li button").first().waitFor();
  await see("picker: focus inside", () => document.activeElement.closest("dialog li"));
  await press("Escape");
  await see("picker closed, focus on its button", () => !document.querySelector("dialog") && document.activeElement.matches(".browse"));

  await page.locator("#access-some").focus();
  await press("Space");
  const people = page.getByRole("combobox", { name: "People" });
  await people.pressSequentially("a");
  await page.locator("[role=option]").first().waitFor();
  await press("ArrowDown", "ArrowDown", "Enter");
  await see("person chosen by arrows", (here) => document.getElementById("access.users").value === "alan" && location.href === here, at("new"));
  await press("Backspace");
  await see("person removed", () => document.getElementById("access.users").value === "");

  // Every stop on the way through a page is seen to have the focus, and is itself
  // in sight.
  let unseen = 0;
  for (const path of ["", "new", "dashboard/demorunning2", "dashboard/demofailed22"]) {
    await page.goto(at(path));
    for (let stop = 0; stop < 80; stop++) {
      await press("Tab");
      const shown = await focus(() => {
        const stop = document.activeElement;
        if (stop === document.body) {
          return "end";
        }
        const { width, height } = stop.getBoundingClientRect();
        const ringed = [stop, stop.closest(".choice")].some((e) => e && getComputedStyle(e).outlineStyle !== "none");
        return ringed && width > 0 && height > 0 ? "" : stop.outerHTML.slice(0, 200);
      });
      if (shown === "end") {
        break;
      }
      if (shown) {
        unseen++;
        console.error(path, shown);
      }
    }
  }
  seen.push(`unseen focus: ${unseen}`);
  return { seen };
});
