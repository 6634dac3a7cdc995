// Every page, on a desktop and on a phone, in light and in dark.

import { desktop, phone, run, screenshot } from "../browser/browser.mjs";
import { at, be } from "./page.mjs";

const pages = [
  ["list", "", "ada,group=finance,group=research"],
  ["others", "?whose=others", "ada"],
  ["many", "?owner=edsger&page=2", "ada"],
  ["first", "?whose=mine", "nobody"],
  ["not-allowed", "?whose=mine", "viewer"],
  ["found-nothing", "?q=zebra", "ada"],
  ["new", "new", "ada"],
  ["filled", "new?source=git&repo=https://example.org/x.git&user=alan&user=a-very-long-name-of-a-person-without-any-space-in-it@department.example.org&group=finance", "ada"],
  ["running", "dashboard/demorunning2", "ada"],
  ["failed", "dashboard/demofailed22", "ada"],
  ["building", "dashboard/demobuilding", "ada"],
  ["hostile", "dashboard/hostilenamea", "karen"],
  ["long", "dashboard/hostilenameb", "karen"],
  ["delete", "dashboard/hostilenameb/delete", "karen"],
  ["missing", "dashboard/zzzzzzzzzzzz", "ada"],
];

await run(async (page) => {
  const seen = [];
  let pictures = 0;
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const size of [desktop, phone]) {
      await page.setViewportSize(size);
      for (const [name, path, visitor] of pages) {
        await be(page.context(), visitor);
        await page.goto(at(path));
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        if (wide > size.width) {
          seen.push(`${name} is ${wide} wide on a screen of ${size.width}`);
        }
        const inline = await page.evaluate(() => document.querySelectorAll("[style], style, script:not([src])").length);
        if (inline) {
          seen.push(`${name} has ${inline} things inline`);
        }
        await screenshot(page, `${name}-${size.width}-${scheme}`);
        pictures++;
      }
    }
  }
  seen.push(`${pictures} pictures`);
  return { seen };
});
