// Nora has no scripts: she makes a dashboard and opens it all the same.

import { wanted } from "../../browser/browser.mjs";
import { play } from "./people.mjs";

await play(async (come) => {
  const nora = await come("nora", { javaScriptEnabled: false });
  const { page } = nora;
  await nora.signIn();
  await page.getByRole("link", { name: "New dashboard" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Plain");
  await page.getByLabel("Folder").fill("site");
  await page.getByLabel("Framework").selectOption("static");
  await page.getByText("People and groups").click();
  await page.locator('[id="access.users"]').fill("bob\ncarol");
  await nora.see("plain-form");
  await page.getByRole("button", { name: "Create dashboard" }).click();
  await page.getByRole("heading", { name: "Plain" }).waitFor();
  const built = page.getByRole("link", { name: "Open", exact: true });
  await built.waitFor();
  await page.locator(".job").waitFor({ state: "detached" });
  await nora.see("plain-built");
  await page.getByRole("button", { name: "Stop" }).click();
  await page.locator(".state.stopped").waitFor();
  await built.click();
  await page.getByText("the plain page").waitFor();
  const url = page.url();
  await page.goto(wanted.page);
  await nora.see("plain-list");
  await page.getByRole("link", { name: "Plain", exact: true }).click();
  await page.getByRole("link", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete it" }).click();
  await page.getByText("You have no dashboards yet").waitFor();
  return { url };
});
