// Everything works without scripts. Each of these makes something more pleasant,
// where the page has it.
import { comfort } from "./comfort.js";
import { browse } from "./browse.js";
import { people } from "./people.js";
import { watch } from "./watch.js";

for (const improve of [comfort, browse, people, watch]) {
  improve(document);
}
