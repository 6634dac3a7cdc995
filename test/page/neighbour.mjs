// Ada is signed in, and visits Eve's server, which is on the same origin.

import { run, wanted } from "../browser/browser.mjs";
import { at, be } from "./page.mjs";

await run(async (page) => {
  const seen = [];
  await be(page.context(), "ada");
  await page.goto(`${wanted.url}/user/eve/`);
  const tell = async (what, attack, ...told) => seen.push(`${what}: ${await page.evaluate(attack, ...told)}`);
  const dashboard = at("dashboard/demorunning2");

  const read = async ({ address, options }) => {
    const answer = await fetch(address, options);
    const body = await answer.text();
    return `${answer.status}${body.includes("csrf") ? ", WITH A PROOF" : ", no proof"}`;
  };
  await tell("fetch", read, { address: dashboard });
  await tell("fetch as text/html", read, { address: dashboard, options: { headers: { Accept: "text/html" } } });
  const status = async ({ address, options }) => String((await fetch(address, options)).status);
  await tell("API by fetch", status, { address: at("api/v1/dashboards") });
  await tell("API with a made-up token", async (address) => {
    // Not even one that the page's own gate would take for somebody.
    const answer = await fetch(address, { method: "POST", headers: { Authorization: "token made-up", "Content-Type": "application/json" }, body: "{}" });
    return String(answer.status);
  }, at("api/v1/dashboards/demorunning2/stop"));
  await tell("POST by fetch", status, { address: `${dashboard}/stop`, options: { method: "POST", body: new URLSearchParams({ x: "1" }).toString(), headers: { "Content-Type": "application/x-www-form-urlencoded" } } });

  const answered = page.context().waitForEvent("response", (answer) => answer.request().method() === "POST" && answer.request().isNavigationRequest());
  await page.evaluate((address) => {
    const form = Object.assign(document.createElement("form"), { method: "post", action: address });
    document.body.append(form);
    form.submit();
  }, `${dashboard}/stop`);
  seen.push(`form: ${(await answered).status()}`);
  await page.waitForURL(`${dashboard}/stop`); // its page has arrived, before we go on
  await page.goto(`${wanted.url}/user/eve/`);

  for (const tag of ["iframe", "object"]) {
    await tell(tag === "iframe" ? "frame" : "object", async ({ tag, address }) => {
      const frame = document.createElement(tag);
      const loaded = new Promise((resolve) => { frame.onload = frame.onerror = resolve; });
      frame[tag === "iframe" ? "src" : "data"] = address;
      document.body.append(frame);
      await loaded;
      const inside = (() => { try { return frame.contentDocument?.querySelector("main, meta[name=csrf-token]"); } catch { return null; } })();
      return inside ? "A PAGE" : "nothing";
    }, { tag, address: dashboard });
  }

  // The opener of a window sees into it where both are of one origin.
  for (const policy of ["same-origin", "unsafe-none", "same-origin-allow-popups", "noopener-allow-popups"]) {
    await page.goto(`${wanted.url}/user/eve/?opener=${policy}`);
    const opened = page.context().waitForEvent("page");
    await page.evaluate((address) => { window.caught = window.open(address); }, dashboard);
    const popup = await opened;
    await popup.getByRole("heading", { name: "Quarterly sales" }).waitFor(); // Ada sees it
    await tell(`opened by ${policy}`, () => {
      try {
        return window.caught && !window.caught.closed && window.caught.document.querySelector("main") ? "A PAGE" : "nothing";
      } catch {
        return "nothing";
      }
    });
    await popup.close();
  }
  return { seen };
});
