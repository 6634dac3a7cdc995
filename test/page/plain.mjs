// Ada makes a dashboard in a browser that runs no scripts.

import { run, screenshot } from "../browser/browser.mjs";
import { at, be, proceed, text } from "./page.mjs";

await run(async (scripted) => {
  const seen = [];
  const context = await scripted.context().browser().newContext({ javaScriptEnabled: false });
  try {
    const page = await context.newPage();
    await be(context, "ada");
    await page.goto(at("new"));
    await page.fill("#name", "Rainfall");
    await page.check("#kind-git");
    if (!(await page.locator("[id='source.server']").isVisible()) && (await page.locator("[id='source.repo']").isVisible())) {
      seen.push("git only");
    }
    await page.fill("[id='source.repo']", "https://example.org/rain.git");
    await page.selectOption("[id='app.framework']", "streamlit");
    await page.check("#access-some");
    await page.fill("[id='access.users']", "grace\nalan\n");
    await page.click("button:has-text('Create dashboard')");
    await page.locator("progress").waitFor();
    await screenshot(page, "plain-1-building");
    await proceed("Rainfall");
    await page.locator(".state.running").waitFor(); // by loading itself again
    seen.push(`built: ${await text(page, ".state")}`);

    await page.goto(at("dashboard/demorunning2"));
    await page.click("summary:has-text('Change who may open it')");
    await page.fill("[id='access.users']", "alan\nbarbara");
    await page.fill("[id='access.groups']", "");
    await page.click("#access button:has-text('Save')");
    await page.locator(".notice").waitFor();
    const names = await page.locator(".allowed bdi").allInnerTexts();
    seen.push(`shared: ${names.slice(1).join(", ")}`);

    await page.goto(at(""));
    await page.locator(".card", { hasText: "Quarterly sales" }).locator("summary").click();
    await page.locator(".card", { hasText: "Quarterly sales" }).locator("button:has-text('Stop')").click();
    await proceed("Quarterly sales");
    await page.locator(".state.stopped").waitFor();
    seen.push(`stopped: ${await text(page, ".state")}`);
    await page.goto(at("open/demorunning2"));
    await proceed("Quarterly sales");
    await page.getByText("Here is the dashboard.").waitFor();
    seen.push(`opened: ${await text(page, "p")}`);

    await page.goto(at("dashboard/demostopped2/delete"));
    await page.click("button:has-text('Delete it')");
    await proceed("Energy use of the data centre");
    await page.locator(".notice").waitFor();
    seen.push(`deleted: ${await text(page, ".notice")}`);
  } finally {
    await context.close();
  }
  return { seen };
});
