// Bob is not let in any more; alice chooses a picture, and deletes it all.

import { wanted } from "../../browser/browser.mjs";

export async function end(alice, bob, made) {
  const { page } = alice;
  await page.goto(`${wanted.page}dashboard/${made.id}?change=access#access`);
  await alice.see("who-may-open");
  await page.getByRole("button", { name: "Remove bob" }).click();
  await page.locator("#access").getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  const began = Date.now();
  let status = 200;
  await bob.expecting([403], async () => {
    while (status === 200 && Date.now() - began < 120_000) {
      // What is on its way when access ends is broken off, and never loaded.
      status = (await bob.page.goto(made.dashboard, { waitUntil: "commit" })).status();
      await bob.page.waitForTimeout(200);
    }
  });
  const refusedAfter = Date.now() - began;
  await bob.page.getByText("You may not open this").waitFor();
  const refusal = await bob.text();
  await bob.picture("bob-refused");
  await bob.page.goto(`${wanted.page}?whose=others`);
  const listed = await bob.page.locator("main").innerText();

  const before = await page.locator(".picture img").getAttribute("src");
  const picture = await page.screenshot({ clip: { x: 0, y: 0, width: 640, height: 360 } });
  await page.getByLabel("Choose a picture").setInputFiles({ name: "own.png", mimeType: "image/png", buffer: picture });
  await page.getByRole("button", { name: "Set the picture" }).click();
  await page.getByText("The picture was changed.").waitFor();
  const after = await page.locator(".picture img").getAttribute("src");
  await alice.see("own-picture");

  await page.getByRole("link", { name: "Delete" }).click();
  const question = await page.locator("main").innerText();
  await alice.see("delete");
  await alice.expecting([404], async () => {
    await page.getByRole("button", { name: "Delete it" }).click();
    await page.getByText("The dashboard was deleted.").waitFor();
  });
  await alice.see("deleted");
  const left = await page.locator("main").innerText();
  const gone = await alice.expecting([404], async () => (await page.goto(`${wanted.page}dashboard/${made.id}`)).status());
  return { status, refusedAfter, refusal, listed, replaced: before !== after, question, left, gone };
}
