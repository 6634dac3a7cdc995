// What all scenarios need: one Chromium, the people in it with a session each, and
// what they complain about.

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium, desktop, phone, quiet, wanted } from "../../browser/browser.mjs";

/** Runs a scenario and prints what it returns as JSON, for the Go test that asked. */
export async function play(scenario) {
  const complaints = [];
  let browser;
  let result;
  try {
    await mkdir(wanted.output, { recursive: true });
    browser = await chromium.launch({ executablePath: wanted.chromium, headless: true, args: quiet });
    const people = [];
    const come = async (name, options) => {
      const person = await Person.come(browser, name, complaints, options);
      people.push(person);
      return person;
    };
    try {
      result = await scenario(come);
    } catch (error) {
      for (const person of people) {
        await person.picture(`failure-${person.name}`).catch(() => {});
      }
      const places = people.map((person) => `${person.name} at ${person.page.url()}`).join(", ");
      result = { failure: `${error?.stack ?? error}\n${places}` };
    }
  } catch (error) {
    result = { failure: String(error?.stack ?? error) };
  } finally {
    await browser?.close();
  }
  console.log(JSON.stringify({ ...result, complaints }));
}

/** Somebody with a browser of their own, as far as the hub can tell. */
class Person {
  static count = 0;

  static async come(browser, name, complaints, options = {}) {
    const context = await browser.newContext({ viewport: desktop, ...options });
    context.setDefaultTimeout(120_000);
    const person = new Person(name, await context.newPage(), complaints);
    person.listen();
    return person;
  }

  constructor(name, page, complaints) {
    Object.assign(this, { name, page, complaints, expected: [], refused: new Set() });
  }

  /** Collects what a browser complains about, but for answers that are expected. */
  listen() {
    const complain = (kind, text, url) => this.complaints.push({ who: this.name, kind, text, url, page: this.page.url() });
    this.page.on("console", (message) => {
      if (message.text().includes("net::ERR_NETWORK_CHANGED")) {
        return; // a container came or went, and a network of this machine with it
      }
      const [, status] = /status of (\d+)/.exec(message.text()) ?? [];
      const { url } = message.location();
      // The browser says so when it likes, which can be after all that we wait for.
      if (message.type() === "error" && !this.expected.includes(Number(status)) && !this.refused.has(`${status} ${url}`)) {
        complain("console", message.text(), url);
      }
    });
    this.page.on("pageerror", (error) => complain("exception", String(error), this.page.url()));
    this.page.on("dialog", async (dialog) => {
      complain("dialog", dialog.message(), this.page.url());
      await dialog.dismiss();
    });
    this.page.on("response", (response) => {
      const status = response.status();
      if (this.expected.includes(status)) {
        this.refused.add(`${status} ${response.url()}`);
      } else if (status > 399) {
        complain("status", String(status), response.url());
      }
    });
  }

  /** Does something that is answered by some statuses above 399. */
  async expecting(statuses, action) {
    this.expected = statuses;
    try {
      return await action();
    } finally {
      this.expected = [];
    }
  }

  /** Does something while none of this person's servers starts: house.Hold, in Go. */
  async holding(action) {
    const file = join(wanted.holds, this.name);
    await writeFile(file, "");
    try {
      return await action();
    } finally {
      await rm(file);
    }
  }

  /** Opens the Dashboards page, with the hub's login before it. */
  async signIn() {
    await this.page.goto(wanted.page);
    await this.page.locator("#username_input").fill(this.name);
    await this.page.locator("#password_input").fill(wanted.password);
    await this.page.locator("#login_submit").click();
    await this.page.locator("main#main").waitFor();
  }

  /** Looks at a page on both kinds of screen: nothing may stick out. */
  async see(name) {
    for (const [size, suffix] of [[desktop, "1280"], [phone, "390"]]) {
      await this.page.setViewportSize(size);
      await this.picture(`${name}-${suffix}`);
      const width = await this.page.evaluate(() => document.documentElement.scrollWidth);
      if (width > size.width) {
        this.complaints.push({ who: this.name, kind: "overflow", text: `${name}: ${width} of ${size.width}`, url: this.page.url(), page: this.page.url() });
      }
    }
    await this.page.setViewportSize(desktop);
  }

  async picture(name) {
    const number = String(++Person.count).padStart(2, "0");
    await this.page.screenshot({ path: join(wanted.output, `${number}-${name}.png`), fullPage: true });
  }

  /** The status of an answer, with this person's session. */
  async status(url) {
    const answer = await this.page.request.get(url, { maxRedirects: 10, failOnStatusCode: false });
    return answer.status();
  }

  /** What a page shows as text. */
  text() {
    return this.page.locator("body").innerText();
  }
}
