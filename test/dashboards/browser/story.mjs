// The whole story: alice makes a dashboard of her notebook and shares it, bob and
// carol look at it, dave may not, alice goes on working, and deletes it in the end.

import { wanted } from "../../browser/browser.mjs";
import { change } from "./change.mjs";
import { create } from "./create.mjs";
import { end } from "./end.mjs";
import { odd } from "./odd.mjs";
import { play } from "./people.mjs";
import { look, turnAway } from "./view.mjs";

await play(async (come) => {
  const alice = await come("alice");
  const made = await create(alice);
  const bob = await come("bob");
  const seen = await look(bob, made);
  const carol = await come("carol");
  const seenByCarol = await look(carol, made);
  const dave = await come("dave");
  const refused = await turnAway(dave, made);
  const changed = await change(alice, bob, made);
  const said = await odd(alice, carol);
  const ended = await end(alice, bob, made);
  return { made, seen, seenByCarol, refused, changed, said, ended, hub: wanted.hub };
});
