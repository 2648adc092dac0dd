// The status page in a real browser: bars move, runs end, a reload is survived, nothing is refused by its policy.
// SPDX-License-Identifier: MIT
//
// node status.mjs <url of the nginx> <pid of its master> <url of the emulator> <folder for screenshots>
import assert from "node:assert/strict";
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

const card = (page, name) => page.locator("article", { has: page.getByRole("heading", { name, exact: true }) });
const width = async (page, name, part) =>
  parseFloat(await card(page, name).locator(`[data-bar=${part}]`).getAttribute("width"));

// They begin when they are created, so that a slow start of the browser misses nothing.
const RUNS = {
  moving: { items: 12000, Concurrency: 400, item_duration: 0.3, ToleratedFailedPercentage: 5 },
  failing: { items: 1000, Concurrency: 50, item_duration: 0.3, failure_share: 0.4, ToleratedFailedCount: 300 },
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

async function check(what, test) {
  await test();
  console.log("ok - " + what);
}

try {
  const page = await open({ colorScheme: "light", viewport: { width: 1200, height: 800 } });

  await check("a page without runs says so, and is live", async () => {
    await page.getByText("No MapRun is watched.").waitFor();
    await page.getByText("live", { exact: true }).waitFor();
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

  await check("it is readable in light, in dark and on a phone", async () => {
    await page.screenshot({ path: folder + "/light.png", fullPage: true });
    await page.emulateMedia({ colorScheme: "dark" });
    await page.screenshot({ path: folder + "/dark.png", fullPage: true });
    await page.setViewportSize({ width: 360, height: 740 });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it scrolls sideways");
    await page.screenshot({ path: folder + "/phone.png", fullPage: true });
    await page.setViewportSize({ width: 1200, height: 800 });
  });

  await check("the end is shown, by words and signs and not by colour alone", async () => {
    await card(page, "moving").getByText("Succeeded").waitFor();
    assert.equal(await card(page, "moving").locator("[data-field=sign]").textContent(), "\u2713");
    assert.equal(await width(page, "moving", "Succeed"), 100);
    await card(page, "failing").getByText("Failed", { exact: true }).waitFor();
    assert.equal(await card(page, "failing").locator("[data-field=sign]").textContent(), "\u2717");
    await card(page, "nowhere").locator(".trouble").getByText("NotExists").waitFor();
  });

  await check("a reload of nginx is survived, and news comes in afterwards", async () => {
    process.kill(Number(master), "SIGHUP");
    await page.getByText("connecting again").waitFor();
    await page.getByText("live", { exact: true }).waitFor();
    await create("late");
    await watch("late");
    await card(page, "late").getByText("Succeeded").waitFor();
    await page.screenshot({ path: folder + "/ended.png", fullPage: true });
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
