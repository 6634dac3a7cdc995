// Alice makes a dashboard of a notebook on her server, by the form.

import { wanted } from "../../browser/browser.mjs";

export async function create(alice) {
  const { page } = alice;
  await alice.signIn();
  const empty = await page.locator("main").innerText();
  await alice.see("nothing-yet");
  await page.getByRole("link", { name: "New dashboard" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Wave");
  await page.getByLabel("Description").fill("Squares, for colleagues.");
  await browse(page, "source.folder", ["work"], "Choose this folder");
  await page.getByLabel("Framework").selectOption("voila");
  await browse(page, "app.path", ["Wave.ipynb"]);
  await page.getByText("People and groups").click();
  await add(page, "access.users", "bob");
  await add(page, "access.groups", "team");
  await alice.see("form");
  const log = await alice.holding(async () => {
    await page.getByRole("button", { name: "Create dashboard" }).click();
    await page.locator(".job progress").waitFor();
    await page.locator(".job pre").filter({ hasText: "Making snapshot 1" }).waitFor();
    await alice.see("being-built");
    return page.locator(".job pre").innerText();
  });
  const id = /dashboard\/([a-z0-9]+)/.exec(page.url())[1];
  await page.getByRole("link", { name: "Open", exact: true }).waitFor();
  const link = await page.locator(".copy input").inputValue();
  const server = await page.locator("dd code").filter({ hasText: /^dashboard-/ }).innerText();
  await alice.see("built");

  // Its picture is taken when it shows itself.
  for (let tries = 0; (await page.locator(".picture img").count()) === 0; tries++) {
    if (tries > 180) {
      throw new Error("no picture is taken");
    }
    await page.waitForTimeout(1000);
    await page.reload();
  }
  await alice.see("pictured");
  await page.goto(wanted.page);
  await alice.see("one-of-hers");
  const home = await page.request.get(`${wanted.hub}/hub/home`);
  return { id, link, server, empty, log, hidden: !(await home.text()).includes(server), dashboard: `${wanted.hub}/user/alice/${server}/` };
}

/** Chooses something by the button beside a field. */
async function browse(page, field, names, last) {
  await page.locator(`.browsing:has([id="${field}"]) button`).click();
  const dialog = page.locator("dialog[open]");
  for (const name of names) {
    await dialog.getByRole("button", { name, exact: true }).click();
  }
  if (last) {
    await dialog.getByRole("button", { name: last }).click();
  }
  await dialog.waitFor({ state: "detached" });
}

/** Adds somebody to a list of people, as it is suggested. */
export async function add(page, field, name) {
  const input = page.locator(`[id="${field}-input"]`);
  await input.fill(name.slice(0, 2));
  await page.getByRole("option", { name }).waitFor();
  await input.press("ArrowDown");
  await input.press("Enter");
  await page.locator(".chips li").filter({ hasText: name }).waitFor();
}
