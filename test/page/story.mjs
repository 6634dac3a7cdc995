// Ada makes a dashboard with all that scripts add.

import { run, screenshot, wanted } from "../browser/browser.mjs";
import { at, be, proceed, text } from "./page.mjs";

await run(async (page) => {
  const seen = [];
  await be(page.context(), "ada");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: wanted.url });
  await page.goto(at(""));
  await page.getByRole("link", { name: "New dashboard" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Rainfall");

  // A folder, then a notebook below it.
  await page.getByRole("button", { name: "Browse" }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: "sales" }).click();
  await page.locator("dialog code", { hasText: "/sales/" }).waitFor();
  await page.getByRole("button", { name: "Choose this folder" }).click();
  await page.getByRole("button", { name: "Browse" }).nth(1).click();
  await page.getByRole("dialog").getByRole("button", { name: "2025" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Q1 & Q2" }).click();

  await page.getByLabel("People and groups").check();
  const people = page.getByRole("combobox", { name: "People" });
  await people.pressSequentially("grace.");
  await page.getByRole("option", { name: "grace.hopper@example.org" }).click();
  await people.fill("someone new");
  await people.press("Enter");
  const groups = page.getByRole("combobox", { name: "Groups" });
  await groups.pressSequentially("rese");
  await page.getByRole("option", { name: "research" }).waitFor();
  await groups.fill("research"); // what is written and not yet added counts, too
  await screenshot(page, "story-1-form");
  await page.getByRole("button", { name: "Create dashboard" }).click();

  await page.locator("progress").waitFor();
  for (const percent of [10, 30]) {
    await proceed("Rainfall", percent);
    await page.waitForFunction((got) => document.querySelector("progress")?.value === got, percent);
    await page.locator(".log pre", { hasText: `Copied ${percent} %` }).waitFor();
  }
  seen.push("building: a bar that moves, a log that grows");
  await screenshot(page, "story-2-building");
  await proceed("Rainfall");
  await page.locator(".state.running").waitFor();
  seen.push(`built: ${await text(page, ".state")}`);
  seen.push(`link: ${await page.getByRole("textbox", { name: "Link" }).inputValue()}`);
  // The button says so for a moment only.
  const copied = page.getByRole("button", { name: "Copied" }).waitFor();
  await Promise.all([copied, page.getByRole("button", { name: "Copy" }).click()]);
  const link = await page.evaluate(() => navigator.clipboard.readText());
  seen.push(link === (await page.getByRole("textbox", { name: "Link" }).inputValue()) ? "copied" : `copied ${link}`);
  const own = page.url();
  await page.goto(link);
  seen.push(`opened: ${await text(page, "p")}`);

  await page.goto(own);
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Quarterly sales");
  const refused = page.waitForResponse((answer) => answer.request().method() === "POST");
  await page.getByRole("button", { name: "Save" }).click();
  if ((await refused).status() !== 409) {
    throw new Error("a name that is taken was taken");
  }
  seen.push(`wrong: ${await text(page, "#name-wrong")}`);

  // It stops by itself between, and a colleague's link starts it.
  await page.goto(own);
  await page.getByRole("button", { name: "Stop" }).click();
  await proceed("Rainfall");
  await page.locator(".state.stopped").waitFor();
  await page.goto(link);
  await page.getByText("It is being started for you.").waitFor();
  await screenshot(page, "story-3-opening");
  await proceed("Rainfall");
  await page.waitForURL("**/user/ada/**");

  await page.goto(own);
  await page.getByRole("link", { name: "Delete" }).click();
  await screenshot(page, "story-4-delete");
  // The dashboard is only taken off the list; another of that name may be made.
  await page.getByRole("link", { name: "Keep it" }).click();
  await page.goto(at("dashboard/demostopped2/delete"));
  // Of a job whose dashboard is gone there is nothing to hear any more.
  const listening = page.waitForResponse((answer) => answer.url().endsWith("/events"));
  await page.getByRole("button", { name: "Delete it" }).click();
  await listening;
  await proceed("Energy use of the data centre");
  await page.locator(".notice").waitFor();
  seen.push(`deleted: ${await text(page, ".notice")}`);
  return { seen };
});
