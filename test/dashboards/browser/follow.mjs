// Alice looks at a dashboard that is being started, until it runs.

import { wanted } from "../../browser/browser.mjs";
import { play } from "./people.mjs";

await play(async (come) => {
  const alice = await come("alice");
  const { page } = alice;
  await alice.signIn();
  const streams = () => page.waitForResponse((response) => response.url().endsWith("/events") && response.ok());
  // While the service is away, the hub's proxy says so.
  await alice.expecting([502, 503, 504], async () => {
    await Promise.all([streams(), page.goto(`${wanted.page}dashboard/${wanted.dashboard}`)]);
    await page.locator(".job [role=status]").filter({ hasText: "Starting the dashboard" }).waitFor();
    // It asks again: so what it had was broken off.
    await Promise.all([streams(), page.request.get(wanted.bell)]);
    await page.request.get(wanted.bell);
    await page.getByRole("link", { name: "Open", exact: true }).waitFor();
  });
  return {};
});
