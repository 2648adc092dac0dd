--- The status page as HTML: complete without a script, kept up to date by one.
-- SPDX-License-Identifier: MIT

local page = {}

local POLICY = "default-src 'none'; style-src 'nonce-%s'; script-src 'nonce-%s'; connect-src 'self'; img-src data:; "
  .. "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

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
<svg width="0" height="0" aria-hidden="true"><defs>
<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect width="6" height="6" class="ground"/><rect width="2" height="6" class="line"/></pattern>
</defs></svg>
<header><h1>$title</h1><p id="link" role="status"></p></header>
<main id="runs">
$runs
</main>
<p id="none"$some>No MapRun is watched.</p>
<footer><a href="status.json">status.json</a> <a href="metrics">metrics</a></footer>
<template id="run">
$empty
</template>
<script nonce="$nonce">$script</script>
</body>
</html>
]]

local RUN = [[
<article data-id="$id" data-tone="$tone">
<h2 data-field="name">$name</h2>
<p class="state"><span class="sign" data-field="sign" aria-hidden="true">$sign</span>
<span data-field="status">$status</span></p>
<p class="place" data-field="place">$place</p>
<svg class="bar" role="img" aria-label="$items" width="100%" height="14">
<rect class="track" width="100%" height="14"/>
<rect class="succeed" data-bar="Succeed" x="$x1%" width="$w1%" height="14"/>
<rect class="failed" data-bar="Failed" x="$x2%" width="$w2%" height="14"/>
<rect class="aborted" data-bar="Aborted" x="$x3%" width="$w3%" height="14"/>
<rect class="running" data-bar="Running" x="$x4%" width="$w4%" height="14"/>
</svg>
<dl>
<div><dt>Done</dt><dd data-field="items">$items</dd></div>
<div><dt>Of these</dt><dd data-field="failed">$failed</dd></div>
<div><dt>Now</dt><dd data-field="active">$active</dd></div>
<div><dt>Rate</dt><dd data-field="rate">$rate</dd></div>
<div><dt>End</dt><dd data-field="ending">$ending</dd></div>
<div><dt>Tolerance left</dt><dd data-field="tolerance">$tolerance</dd></div>
</dl>
<p class="trouble" data-field="trouble">$trouble</p>
</article>
]]

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local function escape(value)
  return (tostring(value):gsub("[&<>\"']", ENTITIES))
end

local function fill(template, values)
  return (template:gsub("%$(%l%w*)", values))
end

--- Light and dark, wide and narrow.
local STYLE = [[
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --ink: #17202b; --soft: #566272; --edge: #d5dae1; --track: #e4e8ed;
  --good: #1a7f4b; --bad: #c0271d; --stopped: #8a5a00; --busy: #1f6feb; --idle: #566272; --active: #9cc2f7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10151b; --card: #19212a; --ink: #e8edf3; --soft: #9aa7b6; --edge: #2c3743; --track: #2a3440;
    --good: #4cc38a; --bad: #ff7b72; --stopped: #e3b341; --busy: #79b8ff; --idle: #9aa7b6; --active: #2b5a94;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 1rem; }
h1 { font-size: 1.4rem; margin: .3rem 0 .8rem; }
#link, footer, .place, dt { color: var(--soft); font-size: .875rem; }
#link { margin: 0; }
#runs { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 23rem), 1fr)); }
svg[aria-hidden] { position: absolute; }
article { background: var(--card); border: 1px solid var(--edge); border-left: .35rem solid var(--tone);
  border-radius: .5rem; padding: .8rem 1rem; display: grid; grid-template-columns: 1fr auto; gap: .2rem 1rem;
  align-content: start; --tone: var(--idle); }
article[data-tone=good] { --tone: var(--good); }
article[data-tone=bad] { --tone: var(--bad); }
article[data-tone=stopped] { --tone: var(--stopped); }
article[data-tone=busy] { --tone: var(--busy); }
article p { margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; font-family: ui-monospace, monospace; }
.state { color: var(--tone); font-weight: 600; white-space: nowrap; }
.place, .bar, dl, .trouble { grid-column: 1 / -1; }
.bar { display: block; margin: .4rem 0; border-radius: 7px; overflow: hidden; }
.track { fill: var(--track); }
.succeed { fill: var(--good); }
.failed { fill: url(#hatch); }
.aborted { fill: var(--stopped); }
.running { fill: var(--active); }
.ground { fill: var(--bad); }
.line { fill: var(--card); }
dl { margin: 0; display: grid; grid-template-columns: 1fr 1fr; gap: .4rem 1rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.trouble { color: var(--bad); font-size: .875rem; }
.trouble:empty { display: none; }
footer { margin-top: 1.2rem; }
a { color: inherit; margin-right: 1rem; }
]]

--- One stream of events keeps the page up to date; every text is set as text.
local SCRIPT = [[
"use strict";
const runs = document.getElementById("runs"), none = document.getElementById("none");
const link = document.getElementById("link"), blank = document.getElementById("run");
const known = new Map();
for (const card of runs.querySelectorAll("article")) known.set(card.dataset.id, card);

function show(card, run) {
  card.dataset.tone = run.shown.tone;
  for (const node of card.querySelectorAll("[data-field]")) {
    const text = String(run.shown[node.dataset.field]);
    if (node.textContent !== text) node.textContent = text;
  }
  let from = 0;
  for (const rect of card.querySelectorAll("[data-bar]")) {
    const width = run.shown.bar[rect.dataset.bar];
    rect.setAttribute("x", from + "%");
    rect.setAttribute("width", width + "%");
    from += width;
  }
  card.querySelector(".bar").setAttribute("aria-label", run.shown.items);
}

function update(list) {
  const here = new Set();
  list.forEach((run, place) => {
    here.add(run.id);
    let card = known.get(run.id);
    if (!card) {
      card = blank.content.firstElementChild.cloneNode(true);
      card.dataset.id = run.id;
      known.set(run.id, card);
    }
    show(card, run);
    if (runs.children[place] !== card) runs.insertBefore(card, runs.children[place] || null);
  });
  for (const [id, card] of known) if (!here.has(id)) { card.remove(); known.delete(id); }
  none.hidden = list.length > 0;
}

function listen() {
  const source = new EventSource("events");
  source.onopen = () => { link.textContent = "live"; };
  source.onmessage = event => update(JSON.parse(event.data).map_runs);
  source.onerror = () => {
    link.textContent = "connecting again \u2026";
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}
listen();
]]

local BARS = { "Succeed", "Failed", "Aborted", "Running" }

local function run_text(one)
  local values = { id = escape(one.id) }
  for name, value in pairs(one.shown) do
    values[name] = type(value) ~= "table" and escape(value) or nil
  end
  local from = 0
  for i, name in ipairs(BARS) do
    values["x" .. i], values["w" .. i] = ("%.2f"):format(from), ("%.2f"):format(one.shown.bar[name])
    from = from + one.shown.bar[name]
  end
  return fill(RUN, values)
end

local EMPTY = run_text { id = "", shown = { name = "", sign = "", tone = "idle", status = "", place = "", items = "",
  failed = "", active = "", rate = "", ending = "", tolerance = "", trouble = "",
  bar = { Succeed = 0, Failed = 0, Aborted = 0, Running = 0 } } }

--- The Content-Security-Policy of a page: nothing but its own style and script, and events from where it came.
---@param nonce string
---@return string
function page.policy(nonce)
  return POLICY:format(nonce, nonce)
end

--- The page.
---@param views fnf.View[]
---@param nonce string
---@param title string
---@return string
function page.text(views, nonce, title)
  local runs = {}
  for i, one in ipairs(views) do
    runs[i] = run_text(one)
  end
  return fill(PAGE, { title = escape(title), nonce = nonce, style = STYLE, script = SCRIPT, empty = EMPTY,
    runs = table.concat(runs), some = #views > 0 and " hidden" or "" })
end

return page
