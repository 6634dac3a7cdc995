// Colleagues open a dashboard, and find nothing but that; a stranger finds nothing.

import { wanted } from "../../browser/browser.mjs";

/** What a notebook server has, and a dashboard must not. */
const places = [
  "lab", "tree", "edit/Wave.ipynb", "notebooks/Wave.ipynb", "files/Wave.ipynb", "api/contents", "api/contents/Wave.ipynb",
  "api/sessions", "api/terminals", "terminals/1", "nbconvert/html/Wave.ipynb", "Wave.ipynb", "voila/files/Wave.ipynb", "../lab", "%2e%2e/lab",
];

/** Opens a dashboard from the list, agrees, and uses it. */
export async function look(person, made) {
  const { page } = person;
  await person.signIn();
  await page.getByRole("link", { name: /From others/ }).click();
  await page.getByRole("heading", { name: "Wave" }).waitFor();
  const listed = await page.locator("main").innerText();
  await person.see(`${person.name}-from-others`);
  await page.getByRole("link", { name: /^Open/ }).click();
  await page.getByRole("button", { name: "Authorize" }).waitFor();
  await person.picture(`${person.name}-consent`);
  await page.getByRole("button", { name: "Authorize" }).click();
  const first = await shown(page, "version one: 9");
  await person.see(`${person.name}-dashboard`);

  await page.locator(".noUi-handle").first().focus();
  await page.keyboard.press("ArrowRight");
  const moved = await shown(page, "version one: 16");
  const code = await page.locator(".jp-CodeCell .jp-InputArea:visible, .jp-Editor:visible, .highlight:visible").count();
  const source = (await page.content()).includes("NOBODY-SEES-THIS");

  const found = {};
  for (const place of places) {
    found[place] = await person.status(made.dashboard + place);
  }
  const notebook = await person.status(`${wanted.hub}/user/alice/lab`);
  // Once is enough.
  await page.goto(made.link, { waitUntil: "commit" });
  const again = await shown(page, "version one: 9");
  return { listed, first, moved, again, url: page.url(), code, source, found, notebook };
}

/**
 * Waits for what a dashboard shows. Now and then a kernel never answers Voila, whose
 * page stays at "Running ..." (docs/administrator.md, "Voila's kernels"): then it is
 * loaded once more, as people do.
 */
export async function shown(page, text) {
  const sought = page.getByText(text, { exact: true });
  await sought.waitFor({ timeout: 30_000 }).catch(async () => {
    if (await page.getByText(/^Running( |\.)/).isVisible()) {
      console.error(`Voila stands still at ${page.url()}: loading the page again`);
      await page.reload({ waitUntil: "commit" });
    }
    await sought.waitFor();
  });
  return text;
}

/**
 * Waits for what a dashboard shows, and agrees before if the hub asks: it forgets
 * who has agreed whenever a server stops (JupyterHub user.py, stop).
 */
export async function shownAnew(page, text) {
  const authorize = page.getByRole("button", { name: "Authorize" });
  await authorize.or(page.getByText(text, { exact: true })).waitFor();
  if (await authorize.isVisible()) {
    await authorize.click();
  }
  return shown(page, text);
}

/** Somebody with whom it is not shared. */
export async function turnAway(person, made) {
  const { page } = person;
  await person.signIn();
  await page.getByRole("link", { name: /From others/ }).click();
  const listed = await page.locator("main").innerText();
  await person.see(`${person.name}-nothing-shared`);
  const found = {};
  for (const [name, url] of Object.entries({
    page: `${wanted.page}dashboard/${made.id}`,
    link: made.link,
    edit: `${wanted.page}dashboard/${made.id}/edit`,
    delete: `${wanted.page}dashboard/${made.id}/delete`,
    picture: `${wanted.page}api/v1/dashboards/${made.id}/thumbnail`,
  })) {
    found[name] = await person.expecting([401, 404], async () => (await page.goto(url)).status());
    if (name === "page") {
      await person.see(`${person.name}-not-found`);
    }
  }
  await page.goto(wanted.page);
  found.api = await person.expecting([404], () => page.evaluate(async (url) => {
    const token = document.querySelector("meta[name=csrf-token]").content;
    return (await fetch(url, { headers: { "X-CSRF-Token": token } })).status;
  }, `${wanted.page}api/v1/dashboards/${made.id}`));
  found.dashboard = await person.expecting([403], async () => (await page.goto(made.dashboard)).status());
  await person.picture(`${person.name}-forbidden`);
  return { listed, found };
}
