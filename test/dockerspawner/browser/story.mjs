// The story of test/dashboards/browser, where servers are containers: alice makes a
// dashboard of her notebook and shares it, bob looks at it, alice goes on working,
// and deletes it in the end.

import { wanted } from "../../browser/browser.mjs";
import { change } from "../../dashboards/browser/change.mjs";
import { create } from "../../dashboards/browser/create.mjs";
import { end } from "../../dashboards/browser/end.mjs";
import { play } from "../../dashboards/browser/people.mjs";
import { look } from "../../dashboards/browser/view.mjs";

await play(async (come) => {
  const alice = await come("alice");
  const made = await create(alice);
  const log = await logOf(alice.page, made.id);
  const bob = await come("bob");
  const seen = await look(bob, made);
  const changed = await change(alice, bob, made);
  const ended = await end(alice, bob, made);
  return { made, log, seen, changed, ended };
});

/** What the log said in the end of how a dashboard was built. */
async function logOf(page, id) {
  const get = async (path) => (await page.request.get(`${wanted.page}api/v1/${path}`, { headers: { Authorization: `token ${wanted.token}` } })).json();
  const jobs = await get(`dashboards/${id}/jobs`);
  const lines = await get(`jobs/${jobs.items[0].id}/log`);
  return lines.items.map((line) => line.text).join("\n");
}
