// What pages say when something is not as it should be.

import { wanted } from "../../browser/browser.mjs";

export async function odd(alice, carol) {
  const { page } = alice;
  await page.goto(`${wanted.page}?q=nothing+like+this`);
  const unfound = await page.locator("main").innerText();
  await alice.see("nothing-found");

  // A form that does not fit, the dialog for choosing, and a build that fails.
  await page.goto(`${wanted.page}new`);
  await page.getByLabel("Name", { exact: true }).fill("wave “2” <B>&amp; 'More'");
  await page.getByLabel("Framework").selectOption("voila");
  await page.getByLabel("Notebook or file").fill("nowhere.ipynb");
  await page.locator('.browsing:has([id="app.path"]) button').click();
  await page.locator("dialog[open]").getByRole("button", { name: "work" }).waitFor();
  await alice.see("choosing");
  await page.keyboard.press("Escape");
  const refused = await alice.expecting([409], async () => {
    await page.getByRole("button", { name: "Create dashboard" }).click();
    await page.locator('[aria-invalid="true"]').waitFor();
    await alice.see("form-refused");
    return page.locator("main").innerText();
  });
  await page.getByLabel("Name", { exact: true }).fill("Broken");
  await page.getByRole("button", { name: "Create dashboard" }).click();
  await page.locator("section.failed").waitFor();
  const failed = await page.locator("section.failed").innerText();
  await alice.see("build-failed");
  await page.goto(wanted.page);
  await page.locator(".card").first().getByText("More for").locator("..").click();
  await alice.see("two-of-hers-with-a-menu");

  await carol.page.goto(`${wanted.page}group/team`);
  await carol.page.getByRole("heading", { name: "Dashboards of the group team" }).waitFor();
  const group = await carol.page.locator("main").innerText();
  await carol.see("group");

  await page.goto(wanted.page);
  await page.getByRole("link", { name: "Broken", exact: true }).click();
  await page.getByRole("link", { name: "Delete" }).click();
  // A job that deletes goes with its dashboard, so that it may be gone when the page
  // asks how far it is.
  await alice.expecting([404], async () => {
    await page.getByRole("button", { name: "Delete it" }).click();
    await page.getByText("The dashboard was deleted.").waitFor();
  });
  return { unfound, refused, failed, group };
}
