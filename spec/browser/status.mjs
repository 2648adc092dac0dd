// The status page in a real browser: bars move, runs end, a reload is survived, nothing is refused by its policy.
// SPDX-License-Identifier: MIT
//
// node status.mjs <url of the nginx> <pid of its master> <url of the emulator> <folder for screenshots>
import assert from "node:assert/strict";
import axe from "axe-core";
import { chromium } from "playwright-core";

const [base, master, cloud, folder] = process.argv.slice(2);
const page_url = base + "/runs/";
const browser = await chromium.launch({
  executablePath: process.env.FNF_CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"],
});

const complaints = [];

async function open(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on("console", message => { if (message.type() === "error") complaints.push(message.text()); });
  page.on("pageerror", error => complaints.push(String(error)));
  page.on("request", request => { if (!request.url().startsWith(base)) complaints.push("asked for " + request.url()); });
  await page.goto(page_url);
  return page;
}

const card = (page, name) => page.locator("article", { has: page.locator("code", { hasText: exactly(name) }) });
const exactly = text => new RegExp("^" + text.replace(/[^\w]/g, "\\$&") + "$");
const width = async (page, name, part) =>
  parseFloat(await card(page, name).locator(`[data-bar=${part}]`).getAttribute("width"));

// They begin when they are created, so that a slow start of the browser misses nothing.
const RUNS = {
  moving: { items: 12000, Concurrency: 400, item_duration: 0.3, ToleratedFailedPercentage: 5 },
  failing: { items: 1000, Concurrency: 50, item_duration: 0.3, failure_share: 0.4, ToleratedFailedCount: 300,
    Error: "BadOrder", Cause: "<i>order</i> $Number has no price" },
  waiting: { items: 2500, pending: 600 },
  aborted: { items: 4000, Concurrency: 100, item_duration: 1, abort_after: 4 },
  "<b>bold&amp;</b>": { items: 10000, Concurrency: 70, item_duration: 3, failure_share: 0.1, ToleratedFailedPercentage: 50 },
  nowhere: null,
  late: { items: 10, Concurrency: 10, item_duration: 0.1 },
};

async function create(name) {
  const run = { FlowName: "orders", ExecutionName: "nightly-1", MapRunName: name, ...RUNS[name] };
  const answer = await fetch(cloud + "/_fnf/map_runs",
    { method: "POST", headers: { "X-Fnf-Token": process.env.FNF_EMULATOR_TOKEN }, body: JSON.stringify(run) });
  assert.equal(answer.status, 200);
}

const watch = name => fetch(`${base}/watch?run=${encodeURIComponent(name)}`);

const FORMS = [["light", 1200], ["dark", 1200], ["light", 360], ["dark", 320]];

// Screenshots of forms of the page; axe finds nothing, and nothing scrolls sideways.
async function views(page, name, forms = FORMS) {
  for (const [scheme, width] of forms) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 800 });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it scrolls sideways");
    // By the debugger and not by the page: its policy lets no script in.
    await page.evaluate(axe.source);
    const found = await page.evaluate(() => globalThis.axe.run());
    assert.deepEqual(found.violations.map(one => `${one.id}: ${one.nodes[0].html}`), []);
    await page.screenshot({ path: `${folder}/${name}-${scheme}-${width}.png`, fullPage: true });
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1200, height: 800 });
}

async function check(what, test) {
  await test();
  console.log("ok - " + what);
}

try {
  const page = await open({ colorScheme: "light", viewport: { width: 1200, height: 800 } });

  await check("a page without runs says so, and is live", async () => {
    await page.getByText("No MapRun is watched.").waitFor();
    await page.getByText("live", { exact: true }).waitFor();
    await views(page, "none");
  });

  await check("a run that is watched from now on appears by itself", async () => {
    for (const name of Object.keys(RUNS).filter(name => name !== "late")) {
      if (RUNS[name]) await create(name);
      await watch(name);
    }
    await card(page, "moving").waitFor();
    await card(page, "<b>bold&amp;</b>").waitFor();
    assert.equal(await page.locator("article b").count(), 0);
    await page.getByText("No MapRun is watched.").waitFor({ state: "hidden" });
  });

  await check("its bar moves", async () => {
    const seen = new Set();
    while (seen.size < 3) {
      seen.add(await width(page, "moving", "Succeed"));
      await page.waitForTimeout(50);
    }
  });

  await check("its rate, the range of its end and its tolerance are told", async () => {
    for (const name of ["moving", "<b>bold&amp;</b>"]) {
      await card(page, name).getByText(/^[\d.\u202f]+ items\/s$/).waitFor();
      await card(page, name).getByText(/^in .*\d+ (s|min)$/).waitFor();
      await card(page, name).getByText(/^[\d\u202f]+ more failures/).waitFor();
    }
  });

  await check("few runs are readable and accessible in light, in dark and on phones", () => views(page, "few"));

  await check("the end is shown, by words and signs and not by colour alone", async () => {
    await card(page, "moving").getByText("Succeeded").waitFor();
    await card(page, "moving").getByText("Took").waitFor();
    assert.equal(await card(page, "moving").locator("[data-field=sign]").textContent(), "\u2713");
    assert.equal(await width(page, "moving", "Succeed"), 100);
    await card(page, "failing").getByText("Failed", { exact: true }).waitFor();
    assert.equal(await card(page, "failing").locator("[data-field=sign]").textContent(), "\u2717");
    await card(page, "nowhere").locator(".trouble").getByText("NotExists").waitFor();
    await card(page, "nowhere").getByText("Given up", { exact: true }).waitFor();
  });

  await check("what needs somebody comes first, and the summary counts", async () => {
    const first = await page.locator("article").first().locator("[data-field=status]").textContent();
    assert.match(first, /^(Failed|Given up)$/);
    assert.match(await page.locator("#summary").textContent(), /\d running.* \u00b7 1 failed .*1 succeeded/);
    const points = await card(page, "moving").locator("polyline").getAttribute("points");
    assert.ok(points.split(" ").length > 5, points);
    await card(page, "moving").getByText(/^\d+ s ago$/).waitFor();
  });

  await check("a button of a failed run asks why, and what is found is shown to all who look", async () => {
    const other = await open({ viewport: { width: 1200, height: 800 } });
    await card(page, "moving").getByRole("button", { name: "Why did items fail?" }).waitFor({ state: "hidden" });
    await card(page, "failing").screenshot({ path: folder + "/button.png" });
    await card(page, "failing").getByRole("button", { name: "Why did items fail?" }).click();
    for (const reader of [page, other]) {
      await card(reader, "failing").locator("li").getByText("100 \u00d7 BadOrder: <i>order</i> N has no price").waitFor();
      await card(reader, "failing").locator("li").getByText("100 of 301 failed items were looked at").waitFor();
      await card(reader, "failing").getByRole("button", { name: "Why" }).waitFor({ state: "hidden" });
    }
    await other.context().close();
    await views(page, "why", [["light", 1200], ["dark", 320]]);
  });

  await check("the name is copied, times are the reader's, and the filter finds", async () => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await card(page, "moving").getByRole("button", { name: "Copy" }).click();
    await card(page, "moving").getByRole("button", { name: "Copied" }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "moving");
    const zoned = await open({ timezoneId: "Pacific/Honolulu", locale: "en-US", viewport: { width: 1200, height: 800 } });
    await card(zoned, "moving").locator("[data-field=ending]").getByText(/ (AM|PM)$/).waitFor();
    await zoned.context().close();
    await page.getByRole("searchbox").fill("orders succeeded");
    await card(page, "failing").waitFor({ state: "hidden" });
    await card(page, "moving").waitFor();
    await page.getByRole("searchbox").fill("no such run");
    await page.getByText("No MapRun here has all of these words.").waitFor();
    await page.getByRole("searchbox").fill("");
    await card(page, "failing").waitFor();
  });

  await check("a reload of nginx is survived, and news comes in afterwards", async () => {
    process.kill(Number(master), "SIGHUP");
    await page.getByText("connecting again").waitFor();
    await page.getByText("live", { exact: true }).waitFor();
    await create("late");
    await watch("late");
    await card(page, "late").getByText("Succeeded").waitFor();
  });

  await check("fifty runs are a row each, on a phone too, and a row opens", async () => {
    for (let i = 0; i < 44; i++) {
      RUNS["run " + i] = { items: 1000 + i, Concurrency: 5, item_duration: 2 };
      await create("run " + i);
      await watch("run " + i);
    }
    await page.getByText(/4\d running/).waitFor();
    await page.locator("#runs.many").waitFor();
    await views(page, "fifty");
    await page.setViewportSize({ width: 360, height: 740 });
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    assert.ok(height < 5000, `fifty runs are ${height} pixels`);
    const row = card(page, "run 7");
    assert.ok(!await row.getByText("Rate").isVisible());
    await row.locator("summary").click();
    await row.getByText("Rate").waitFor();
  });

  await check("without a script it is complete, and asks again by itself", async () => {
    const still = await open({ javaScriptEnabled: false, viewport: { width: 1200, height: 800 } });
    assert.equal(await width(still, "moving", "Succeed"), 100);
    await still.screenshot({ path: folder + "/without-script.png", fullPage: true });
    await still.waitForNavigation({ timeout: 15000 });
  });

  // The reload closes the stream on purpose, and browsers say so.
  assert.deepEqual(complaints.filter(text => !/ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION/.test(text)), []);
  console.log("ok - nothing was refused, and nothing asked for elsewhere");
} finally {
  await browser.close();
}
