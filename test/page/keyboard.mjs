// Ada has no mouse.

import { run } from "../browser/browser.mjs";
import { at, be } from "./page.mjs";

await run(async (page) => {
  const seen = [];
  await be(page.context(), "ada");
  const focus = (of) => page.evaluate(of);
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
  if ((await page.locator(".menu[open]").count()) === 0 && (await focus(() => document.activeElement.matches(".menu summary")))) {
    seen.push("closed, focus on its button");
  }

  await page.goto(at("new"));
  await page.locator(".browse").nth(1).focus();
  await press("Enter");
  await page.locator("dialog li button").first().waitFor();
  if (await focus(() => document.activeElement.closest("dialog li") !== null)) {
    seen.push("picker: focus inside");
  }
  await press("Escape");
  if (await focus(() => !document.querySelector("dialog") && document.activeElement.matches(".browse"))) {
    seen.push("picker closed, focus on its button");
  }

  await page.locator("#access-some").focus();
  await press("Space");
  const people = page.getByRole("combobox", { name: "People" });
  await people.pressSequentially("a");
  await page.locator("[role=option]").first().waitFor();
  await press("ArrowDown", "ArrowDown", "Enter");
  if ((await page.locator("[id='access.users']").inputValue()) === "alan" && page.url() === at("new")) {
    seen.push("person chosen by arrows");
  }
  await press("Backspace");
  if ((await page.locator("[id='access.users']").inputValue()) === "") {
    seen.push("person removed");
  }

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
