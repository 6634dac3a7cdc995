// Zoe's server does not run: she is told so by the form, and can choose it when it
// does.

import { wanted } from "../../browser/browser.mjs";
import { play } from "../../dashboards/browser/people.mjs";

await play(async (come) => {
  const zoe = await come("zoe");
  await zoe.signIn();
  await zoe.page.goto(`${wanted.page}new`);
  const form = await zoe.page.locator("main").innerText();
  await zoe.see("no-server");
  const choices = await zoe.page.locator('input[name="source.server"]').evaluateAll((found) =>
    found.map((each) => ({ text: each.closest("label").innerText, disabled: each.disabled })),
  );
  await zoe.page.getByLabel("Name", { exact: true }).fill("Site");
  await zoe.page.getByLabel("Framework").selectOption("static");
  const refused = await zoe.expecting([422], async () => {
    const answered = zoe.page.waitForResponse((answer) => answer.request().method() === "POST");
    await zoe.page.getByRole("button", { name: "Create dashboard" }).click();
    await zoe.page.getByText("That did not work").waitFor();
    await zoe.see("refused"); // the browser complains of the status some time later
    return (await answered).status();
  });
  return { form, choices, refused, wrong: await zoe.page.locator("main").innerText() };
});
