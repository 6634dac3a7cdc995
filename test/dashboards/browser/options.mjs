// Alice starts her server by the hub's own form, and makes dashboards with what she
// chose there, and with others.

import { wanted } from "../../browser/browser.mjs";
import { play } from "./people.mjs";

await play(async (come) => {
  const alice = await come("alice");
  const { page } = alice;
  await alice.signIn();
  await page.goto(`${wanted.hub}/hub/spawn`);
  await page.getByLabel("Memory").selectOption("4G");
  await page.getByLabel("Cores").selectOption("2");
  await page.getByRole("button", { name: "Start" }).click();
  await page.waitForURL("**/user/alice/**");

  const asHers = await create(alice, "As hers");
  const chosen = await create(alice, "Chosen", async () => {
    await page.goto(`${wanted.page}new?option=memory=1G&option=team=Geo`);
    const filled = await page.getByLabel("Memory").inputValue();
    await page.getByLabel("Team").fill(`${await page.getByLabel("Team").inputValue()} & <b>Co</b>`);
    if (filled !== "1G") {
      throw new Error(`the link filled in ${filled}`);
    }
  });

  // A page of hers that was changed asks for what nobody offered.
  await fill(alice, "Too large");
  await page.getByLabel("Memory").evaluate((menu) => menu.add(new Option("All of it", "64G", true, true)));
  const refused = await alice.expecting([422], async () => {
    await page.getByRole("button", { name: "Create dashboard" }).click();
    return page.locator('[id="options.memory-wrong"]').innerText();
  });
  const marked = await page.getByLabel("Memory").getAttribute("aria-invalid");
  await alice.see("refused");

  // Later she changes her mind.
  await page.goto(`${wanted.page}dashboard/${asHers.id}/edit`);
  const kept = await page.getByLabel("Memory").inputValue();
  await page.getByLabel("Memory").selectOption("1G");
  await alice.see("edit");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("shows after the next rebuild").waitFor();
  await alice.see("edited");
  return { asHers, chosen, refused, marked, kept };
});

async function fill(alice, name, open) {
  const { page } = alice;
  await (open ? open() : page.goto(`${wanted.page}new`));
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Folder").fill("app");
  await page.getByLabel("Framework").selectOption("told");
  await page.locator('[id="app.path"]').fill("told.py");
}

/** Makes a dashboard, and tells its id, its options as its page says them, and what it shows. */
async function create(alice, name, open) {
  const { page } = alice;
  await fill(alice, name, open);
  await alice.see("form");
  await page.getByRole("button", { name: "Create dashboard" }).click();
  const link = page.getByRole("link", { name: "Open", exact: true });
  await link.waitFor();
  await page.locator(".job").waitFor({ state: "detached" });
  const id = /dashboard\/([a-z0-9]+)/.exec(page.url())[1];
  const details = await page.locator("dl").innerText();
  await link.click();
  await page.getByText("memory").waitFor();
  return { id, details, shown: await page.locator("body").innerText() };
}
