// Users and services have domains of their own: the login leads over three of them,
// the link from the page to a dashboard to another one, and what the dashboard's
// author wrote tries to get back from there to the page in its visitor's name.

import { wanted } from "../../browser/browser.mjs";
import { add } from "./create.mjs";
import { play } from "./people.mjs";
import { shownAnew } from "./view.mjs";

await play(async (come) => {
  const alice = await come("alice");
  const { page } = alice;
  await alice.signIn();
  const listed = page.url();
  const logo = await page.locator("header img").first().evaluate((image) => image.decode().then(() => image.src, (error) => `${image.src}: ${error}`));
  await page.getByRole("link", { name: "New dashboard" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Site");
  await page.getByLabel("Folder").fill("site");
  await page.getByLabel("Framework").selectOption("static");
  await page.getByText("People and groups").click();
  await add(page, "access.users", "bob");
  await alice.holding(async () => {
    await page.getByRole("button", { name: "Create dashboard" }).click();
    await page.locator(".job progress").waitFor();
  });
  const open = page.getByRole("link", { name: "Open", exact: true });
  await open.waitFor();
  await page.locator(".job").waitFor({ state: "detached" });
  const link = await page.locator(".copy input").inputValue();
  await open.click();
  await page.getByText("version 1").waitFor();
  const opened = page.url();

  await page.goto(wanted.page);
  for (let tries = 0; (await page.locator("main img").count()) === 0; tries++) {
    if (tries > 180) {
      throw new Error("no picture is taken");
    }
    await page.waitForTimeout(1000);
    await page.reload();
  }
  const pictured = await page.locator("main img").first().evaluate((image) => image.decode().then(() => image.naturalWidth));
  await alice.see("pictured");

  await page.getByRole("link", { name: "Site", exact: true }).click();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.locator(".state.stopped").waitFor();

  // Bob has the link from a mail, and it is started for him.
  const bob = await come("bob");
  await bob.signIn();
  await alice.holding(async () => {
    await bob.page.goto(link);
    await bob.page.getByText("It is being started for you").waitFor();
  });
  await shownAnew(bob.page, "version 1");
  const entered = bob.page.url();
  const forged = await forge(bob);

  await page.goto(`${wanted.page}dashboard/${/open\/([a-z0-9]+)/.exec(link)[1]}?change=access#access`);
  await page.getByRole("button", { name: "Remove bob" }).click();
  await page.locator("#access").getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  const began = Date.now();
  let status = 200;
  await bob.expecting([403], async () => {
    while (status === 200 && Date.now() - began < 120_000) {
      status = (await bob.page.goto(opened, { waitUntil: "commit" })).status();
      await bob.page.waitForTimeout(200);
    }
  });
  await bob.page.getByText("You may not open this").waitFor();
  const home = await bob.page.getByRole("link", { name: /home/i }).first().getAttribute("href");
  return { listed, logo, link, opened, entered, pictured, forged, status, home };
});

/** What a script in a dashboard can do to its visitor on the Dashboards page. */
async function forge(bob) {
  const read = await bob.expecting([403], () => bob.page.evaluate(async (address) => {
    const failures = {};
    for (const [name, path, options] of [
      ["page", "", {}],
      ["api", "api/v1/dashboards", {}],
      ["create", "api/v1/dashboards", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }],
    ]) {
      failures[name] = await fetch(address + path, { credentials: "include", ...options }).then((answer) => `read: ${answer.status}`, () => "");
    }
    for (const [name, path] of [["blind", "new"], ["blind api", "api/v1/dashboards"]]) {
      const body = new URLSearchParams({ name: "Forged", "source.kind": "server", framework: "static" });
      failures[name] = await fetch(address + path, { credentials: "include", mode: "no-cors", method: "POST", body }).then((answer) => (answer.type === "opaque" ? "" : answer.type), () => "");
    }
    return failures;
  }, wanted.page));
  bob.complaints.splice(0, bob.complaints.length, ...bob.complaints.filter((each) => each.page.includes("/services/"))); // of what was refused
  const posted = bob.page.waitForNavigation();
  const answer = await bob.expecting([403], async () => {
    await bob.page.evaluate((address) => {
      const form = document.createElement("form");
      Object.assign(form, { method: "post", action: `${address}new` });
      for (const [name, value] of Object.entries({ name: "Forged", "source.kind": "server", "app.framework": "static", "source.folder": "" })) {
        form.append(Object.assign(document.createElement("input"), { name, value }));
      }
      document.body.append(form);
      form.submit();
    }, wanted.page);
    return posted;
  });
  await bob.see("bob-forged");
  return { read, status: answer.status(), at: bob.page.url(), text: await bob.text() };
}
