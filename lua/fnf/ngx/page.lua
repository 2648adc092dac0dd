--- The status page as HTML: complete without a script, kept up to date by one.
-- SPDX-License-Identifier: MIT

local script = require "fnf.ngx.script"
local style = require "fnf.ngx.style"

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
  return fill(PAGE, { title = escape(title), nonce = nonce, style = style, script = script, empty = EMPTY,
    runs = table.concat(runs), some = #views > 0 and " hidden" or "" })
end

return page
