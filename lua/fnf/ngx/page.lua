--- The status page as HTML: complete without a script, kept up to date by one.
-- SPDX-License-Identifier: MIT
--
-- Its markup, style and script are one subject: each field of a view has its place, its look and its update here.

local number = require "fnf.number"
local view = require "fnf.wait.view"

local page = {}

local POLICY = "default-src 'none'; style-src 'nonce-%s'; script-src 'nonce-%s'; connect-src 'self'; img-src data:; "
  .. "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

local MANY = 6 -- runs above which each is a row that opens, not a card

local PAGE = [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<noscript><meta http-equiv="refresh" content="5"></noscript>
<link rel="icon" href="data:,">
<title>$title</title>
<style nonce="$nonce">$style</style>
</head>
<body>
<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>
<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect width="6" height="6" class="ground"/><rect width="2" height="6" class="line"/></pattern>
</defs></svg>
<header><h1>$title</h1><p id="summary">$summary</p><p id="link" role="status"></p>
<form role="search"><label>Filter <input type="search" name="q" value="$asked" maxlength="200"
placeholder="flow, execution, status"></label> <button id="go">Show</button></form></header>
<main>
<div id="runs" class="$classes" data-many="$limit">
$runs
</div>
<p id="none"$some>No MapRun is watched.</p>
<p id="no-match"$matched>No MapRun here has all of these words.</p>
</main>
<footer><a href="status.json">status.json</a> <a href="metrics">metrics</a></footer>
<template id="run">
$empty
</template>
<script nonce="$nonce">$script</script>
</body>
</html>
]]

local RUN = [[
<article data-id="$id" data-tone="$tone"$hidden>
<details$open>
<summary>
<span class="sign" data-field="sign" aria-hidden="true">$sign</span>
<h2><span data-field="place">$place</span> <small data-field="short">$short</small>
<small class="machine" data-field="machine">$machine</small></h2>
<span class="state" data-field="status">$status</span>
<svg class="bar" role="img" aria-label="$items" width="100%" height="14">
<rect class="track" width="100%" height="14"/>
<rect class="succeed" data-bar="Succeed" x="$x1%" width="$w1%" height="14"/>
<rect class="failed" data-bar="Failed" x="$x2%" width="$w2%" height="14"/>
<rect class="aborted" data-bar="Aborted" x="$x3%" width="$w3%" height="14"/>
<rect class="running" data-bar="Running" x="$x4%" width="$w4%" height="14"/>
</svg>
<span class="share" data-field="share">$share</span>
<span class="ending" data-field="ending">$ending</span>
</summary>
<p class="name"><span class="label">MapRun</span> <code data-field="name">$name</code>
<button type="button" class="copy" hidden>Copy</button></p>
<dl>
<div><dt>Done</dt><dd data-field="items">$items</dd></div>
<div><dt>Without success</dt><dd data-field="ended_items">$ended_items</dd></div>
<div><dt>Now</dt><dd data-field="active_items">$active_items</dd></div>
<div><dt>Rate</dt><dd data-field="rate">$rate</dd></div>
<div><dt>Began</dt><dd data-field="started">$started</dd></div>
<div><dt data-field="last_label">$last_label</dt><dd data-field="last">$last</dd></div>
<div><dt>Last answer</dt><dd data-field="age">$age</dd></div>
</dl>
<svg class="chart" role="img" aria-label="Items done over time" viewBox="0 -1 100 26" preserveAspectRatio="none"
width="100%" height="40"><polyline points="$chart"/></svg>
<form class="why" method="post" action="explain"$unaskable><input type="hidden" name="id" value="$id">
<button>Why did items fail?</button> <small role="status"></small></form>
<ul class="errors">$errors</ul>
</details>
<p class="trouble" data-field="trouble">$trouble</p>
</article>
]]

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local function escape(value)
  return (tostring(value):gsub("[&<>\"']", ENTITIES))
end

local function fill(template, values)
  return (template:gsub("%$(%l[%w_]*)", values))
end

--- Light and dark; cards of few runs and rows of many; from 320 pixels on.
local STYLE = [[
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --ink: #17202b; --soft: #4c5866; --edge: #d5dae1; --track: #e4e8ed;
  --good: #1a7f4b; --bad: #c0271d; --stopped: #8a5a00; --busy: #1a5fd0; --idle: #4c5866; --active: #9cc2f7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10151b; --card: #19212a; --ink: #e8edf3; --soft: #9aa7b6; --edge: #2c3743; --track: #2a3440;
    --good: #4cc38a; --bad: #ff7b72; --stopped: #e3b341; --busy: #79b8ff; --idle: #9aa7b6; --active: #2b5a94;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0 auto; max-width: 80rem; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem 1rem; margin-bottom: .8rem; }
h1 { font-size: 1.4rem; margin: 0; overflow-wrap: anywhere; }
header p { margin: 0; }
#link, footer, dt, .label, .ending, .share { color: var(--soft); font-size: .875rem; }
header form { margin-left: auto; display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; font-size: .875rem; }
input, button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--soft);
  border-radius: .3rem; padding: .15rem .5rem; max-width: 100%; }
input { width: 14rem; }
.patterns { position: absolute; }
#runs { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 23rem), 1fr)); }
article { background: var(--card); border: 1px solid var(--edge); border-left: .35rem solid var(--tone);
  border-radius: .5rem; padding: .6rem .9rem; min-width: 0; --tone: var(--idle); }
article[data-tone=good] { --tone: var(--good); }
article[data-tone=bad] { --tone: var(--bad); }
article[data-tone=stopped] { --tone: var(--stopped); }
article[data-tone=busy] { --tone: var(--busy); }
summary { display: grid; gap: .1rem .6rem; align-items: center; cursor: pointer; list-style: none;
  grid-template: "sign title state" "bar bar share" "ending ending ending" / auto minmax(0, 1fr) auto; }
summary::-webkit-details-marker { display: none; }
.sign { grid-area: sign; color: var(--tone); }
small { color: var(--soft); font: .8125rem ui-monospace, monospace; white-space: nowrap; }
h2 { grid-area: title; font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
.state { grid-area: state; color: var(--tone); font-weight: 600; white-space: nowrap; }
.machine { white-space: normal; overflow-wrap: anywhere; border: 1px solid var(--edge); border-radius: .3rem;
  padding: 0 .3rem; }
.machine:empty { display: none; }
.bar { grid-area: bar; display: block; border-radius: 7px; overflow: hidden; }
.share { grid-area: share; text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.ending { grid-area: ending; overflow-wrap: anywhere; }
.track { fill: var(--track); }
.succeed { fill: var(--good); }
.failed { fill: url(#hatch); }
.aborted { fill: var(--stopped); }
.running { fill: var(--active); }
.ground { fill: var(--bad); }
.line { fill: var(--card); }
.name { margin: .5rem 0; font-size: .8125rem; }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
dl { margin: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: .4rem 1rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.chart { display: block; margin-top: .5rem; border-bottom: 1px solid var(--edge); }
polyline { fill: none; stroke: var(--tone); stroke-width: 2; vector-effect: non-scaling-stroke; }
.why { margin-top: .5rem; }
.silent .why { display: none; }
.why button { cursor: pointer; }
.errors { margin: .5rem 0 0; padding-left: 1.1rem; font-size: .875rem; overflow-wrap: anywhere; }
.errors:empty { display: none; }
.trouble { color: var(--bad); font-size: .875rem; margin: .3rem 0 0; overflow-wrap: anywhere; }
.trouble:empty { display: none; }
.many#runs { grid-template-columns: minmax(0, 1fr); gap: .25rem; }
.many article { padding: .25rem .7rem; border-radius: .25rem; }
.many h2, .many .ending, .many .share { font-size: .8125rem; line-height: 1.25; }
.many summary { grid-template: "sign title share" "sign bar ending" / 1rem minmax(0, 1fr) 7.5rem; }
.many .state { display: none; }
.many .ending, .many .state { text-align: right; }
.many [data-tone=bad] .state, .many [data-tone=stopped] .state { display: inline; grid-area: share; }
.many [data-tone=bad] .share, .many [data-tone=stopped] .share { display: none; }
@media (min-width: 50rem) {
  .many h2 { font-size: 1rem; }
  .many summary { grid-template: "sign title state bar share ending" /
    1rem minmax(0, 2fr) 6.5rem minmax(6rem, 1fr) 4.5rem 14rem; }
  .many .state, .many [data-tone] .state { display: inline; grid-area: state; }
  .many .share, .many [data-tone] .share { display: inline; }
  .many .ending, .many .state { text-align: left; }
}
footer { margin-top: 1.2rem; }
a { color: inherit; margin-right: 1rem; }
]]

--- One stream of events keeps the page up to date; every text is set as text.
local SCRIPT = [[
"use strict";
const at = id => document.getElementById(id);
const runs = at("runs"), blank = at("run"), filter = document.querySelector("input");
const known = new Map();
let behind = 0, many = runs.classList.contains("many");

const STYLES = { dateStyle: "short", timeStyle: "medium" };
const local = seconds => new Date(1000 * seconds).toLocaleString(undefined, STYLES);
function span(seconds) {
  if (seconds < 100) return Math.ceil(seconds) + " s";
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return minutes + " min";
  return minutes < 2880 ? Math.floor(minutes / 60) + " h " + minutes % 60 + " min"
    : Math.floor(minutes / 1440) + " d " + Math.floor(minutes % 1440 / 60) + " h";
}
function set(node, text) { if (node.textContent !== text) node.textContent = text; }

function copy(card, button) {
  const name = card.querySelector("[data-field=name]");
  const done = () => { button.textContent = "Copied"; setTimeout(() => { button.textContent = "Copy"; }, 1500); };
  const choose = () => getSelection().selectAllChildren(name);
  if (navigator.clipboard) navigator.clipboard.writeText(name.textContent).then(done, choose);
  else choose();
}
function ask(card, form) {
  const button = form.querySelector("button"), said = form.querySelector("small");
  button.disabled = true;
  set(said, "asking \u2026");
  const done = text => { button.disabled = false; set(said, text); };
  fetch(form.action, { method: "POST", body: new URLSearchParams({ id: card.dataset.id }) })
    .then(answer => answer.ok ? done("") : answer.text().then(done), () => done("no answer"));
}
function list(node, texts) {
  if (node.textContent === texts.join("")) return;
  node.replaceChildren(...texts.map(text => Object.assign(document.createElement("li"), { textContent: text })));
}
function keep(card) {
  known.set(card.dataset.id, card);
  const button = card.querySelector(".copy");
  button.hidden = false;
  button.addEventListener("click", () => copy(card, button));
  const form = card.querySelector(".why");
  form.elements.id.value = card.dataset.id;
  form.addEventListener("submit", event => { event.preventDefault(); ask(card, form); });
}
for (const card of runs.querySelectorAll("article")) keep(card);

function show(card, run) {
  const shown = run.shown;
  card.dataset.tone = shown.tone;
  card.seen = run.seen;
  for (const node of card.querySelectorAll("[data-field]")) {
    const field = node.dataset.field;
    const time = field === "started" ? shown.started_at : field === "ending" && shown.ended_at;
    if (field !== "age" || !run.seen) set(node, time ? local(time) : String(shown[field]));
  }
  let from = 0;
  for (const rect of card.querySelectorAll("[data-bar]")) {
    const width = shown.bar[rect.dataset.bar];
    rect.setAttribute("x", from + "%");
    rect.setAttribute("width", width + "%");
    from += width;
  }
  card.querySelector(".why").hidden = !shown.askable;
  list(card.querySelector(".errors"), shown.errors || []);
  card.querySelector("polyline").setAttribute("points", shown.chart);
  card.querySelector(".bar").setAttribute("aria-label", shown.items);
}

function age() {
  for (const card of known.values()) {
    if (card.seen) set(card.querySelector("[data-field=age]"),
      span(Math.max(0, Date.now() / 1000 - behind - card.seen)) + " ago");
  }
}

function choose() {
  const words = filter.value.toLowerCase().split(/\s+/);
  let found = 0;
  for (const card of known.values()) {
    const text = ["place", "name", "status", "machine"]
      .map(name => card.querySelector(`[data-field=${name}]`).textContent)
      .join(" ").toLowerCase();
    card.hidden = !words.every(word => text.includes(word));
    if (!card.hidden) found++;
  }
  at("none").hidden = known.size > 0;
  at("no-match").hidden = found > 0 || known.size === 0;
}

function arrange(count) {
  if (count > runs.dataset.many === many) return;
  many = !many;
  runs.classList.toggle("many", many);
  for (const card of known.values()) card.querySelector("details").open = !many;
}

function update(message) {
  behind = Date.now() / 1000 - message.time;
  const here = new Set();
  message.map_runs.forEach((run, place) => {
    here.add(run.id);
    let card = known.get(run.id);
    if (!card) {
      card = blank.content.firstElementChild.cloneNode(true);
      card.dataset.id = run.id;
      card.querySelector("details").open = !many;
      keep(card);
    }
    show(card, run);
    if (runs.children[place] !== card) runs.insertBefore(card, runs.children[place] || null);
  });
  for (const [id, card] of known) if (!here.has(id)) { card.remove(); known.delete(id); }
  set(at("summary"), message.summary);
  arrange(known.size);
  choose();
  age();
}

function listen() {
  const source = new EventSource("events");
  source.onopen = () => set(at("link"), "live");
  source.onmessage = event => update(JSON.parse(event.data));
  source.onerror = () => {
    set(at("link"), "connecting again \u2026");
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}
at("go").hidden = true;
filter.addEventListener("input", choose);
filter.form.addEventListener("submit", event => event.preventDefault());
setInterval(age, 1000);
listen();
]]

local BARS = { "Succeed", "Failed", "Aborted", "Running" }

local function run_text(one, open, hidden)
  local values = { id = escape(one.id), open = open and " open" or "", hidden = hidden and " hidden" or "",
    unaskable = one.shown.askable and "" or " hidden" }
  for name, value in pairs(one.shown) do
    values[name] = type(value) ~= "table" and escape(value) or nil
  end
  local errors = {}
  for i, text in ipairs(one.shown.errors or {}) do
    errors[i] = "<li>" .. escape(text) .. "</li>"
  end
  values.errors = table.concat(errors)
  local from = 0
  for i, name in ipairs(BARS) do
    values["x" .. i], values["w" .. i] = number.format("%.2f", from), number.format("%.2f", one.shown.bar[name])
    from = from + one.shown.bar[name]
  end
  return fill(RUN, values)
end

local EMPTY = fill(RUN, setmetatable({ tone = "idle", unaskable = " hidden", x1 = "0", x2 = "0", x3 = "0", x4 = "0",
  w1 = "0", w2 = "0", w3 = "0", w4 = "0" }, { __index = function()
  return ""
end }))

--- The Content-Security-Policy of a page: nothing but its own style and script, and events from where it came.
---@param nonce string
---@return string
function page.policy(nonce)
  return POLICY:format(nonce, nonce)
end

---@class fnf.PageOptions
---@field nonce string
---@field title string
---@field note? string for the line that counts the runs
---@field asked? string words that a run's names or status must have, all of them; the others are there, but hidden
---@field explain? boolean failed runs have a button that asks why
---@field pause? fun(count: integer) called after each run

--- The page.
---@param views fnf.View[]
---@param options fnf.PageOptions
---@return string
function page.text(views, options)
  local runs, found, asked = {}, 0, options.asked or ""
  for i, one in ipairs(views) do
    local matches = view.matches(one, asked)
    found = found + (matches and 1 or 0)
    runs[i] = run_text(one, #views <= MANY, not matches)
    if options.pause then
      options.pause(i)
    end
  end
  local classes = { #views > MANY and "many" or nil }
  classes[#classes + 1] = not options.explain and "silent" or nil
  return fill(PAGE, { title = escape(options.title), nonce = options.nonce, style = STYLE, script = SCRIPT,
    empty = EMPTY, runs = table.concat(runs), some = #views > 0 and " hidden" or "",
    summary = escape(view.summary(views, options.note)), asked = escape(asked), classes = table.concat(classes, " "),
    limit = ("%d"):format(MANY), matched = (found > 0 or #views == 0) and " hidden" or "" })
end

return page
