// Alice works on: nothing changes until she rebuilds. What is stopped starts when
// somebody comes.

import { wanted } from "../../browser/browser.mjs";
import { shown, shownAnew } from "./view.mjs";

export async function change(alice, bob, made) {
  const { page } = alice;
  const edited = await page.request.put(`${wanted.hub}/user/alice/api/contents/work/Wave.ipynb`, {
    headers: { Authorization: `token ${wanted.token}` },
    data: { type: "notebook", format: "json", content: wanted.second },
  });
  await bob.page.goto(made.link, { waitUntil: "commit" });
  const unchanged = await shown(bob.page, "version one: 9");

  await page.goto(`${wanted.page}dashboard/${made.id}`);
  await alice.holding(async () => {
    await page.getByRole("button", { name: "Rebuild" }).click();
    await page.locator(".job progress").waitFor();
    await alice.see("being-rebuilt");
  });
  await page.locator("tr").filter({ hasText: "In use" }).locator("th", { hasText: "2" }).waitFor();
  await page.locator(".job").waitFor({ state: "detached" });
  await bob.page.goto(made.link, { waitUntil: "commit" });
  const rebuilt = await shownAnew(bob.page, "version two: 27");

  await page.getByRole("button", { name: "Stop" }).click();
  await page.locator(".state.stopped").waitFor();
  await alice.see("stopped");
  await bob.page.goto(`${wanted.page}?whose=others`);
  const waited = await alice.holding(async () => {
    await bob.page.getByRole("link", { name: /^Open/ }).click();
    await bob.page.getByText("It is being started for you").waitFor();
    await bob.see("bob-waits");
    return bob.page.locator("main").innerText();
  });
  const started = await shownAnew(bob.page, "version two: 27");

  await page.goto(`${wanted.page}dashboard/${made.id}/edit`);
  await page.getByLabel("Name", { exact: true }).fill('Wave “2” <b>&amp; \'more\'');
  await page.getByLabel("Description").fill("Cubes now.\nIn two lines.");
  await alice.see("edit");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  await alice.see("renamed");
  const name = await page.locator("h1").innerText();
  return { edited: edited.status(), unchanged, rebuilt, waited, started, name };
}
