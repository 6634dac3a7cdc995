// Alice looks at a dashboard that is being started, until it runs.

import { wanted } from "../../browser/browser.mjs";
import { play } from "./people.mjs";

await play(async (come) => {
  const alice = await come("alice");
  const { page } = alice;
  await alice.signIn();
  let streams = 0;
  page.on("request", (request) => {
    streams += request.url().endsWith("/events") ? 1 : 0;
  });
  // While the service is away, the hub's proxy says so.
  await alice.expecting([502, 503, 504], async () => {
    const answered = page.waitForResponse((response) => response.url().endsWith("/events"));
    await page.goto(`${wanted.page}dashboard/${wanted.dashboard}`);
    await answered;
    await page.locator(".job [role=status]").filter({ hasText: "Starting the dashboard" }).waitFor();
    await page.request.get(wanted.watched);
    await page.getByRole("link", { name: "Open", exact: true }).waitFor();
  });
  return { again: streams - 1 };
});
