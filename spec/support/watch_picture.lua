--- The picture of `fnf map-run watch` in docs/: a real session in tmux, its colours as SVG. `make picture`.
-- SPDX-License-Identifier: MIT

local emulator = require "fnf.emulator"
local tmux = require "spec.support.tmux"

local COLUMNS, LINES = 92, 12
local WIDTH, HEIGHT = 8.4, 18 -- of a character and a line, in pixels of a 14 pixel type
local COLOURS = { ["31"] = "#ff7b72", ["32"] = "#7ee787", ["33"] = "#e3b341", ["34"] = "#79c0ff", ["2"] = "#8b949e" }

local function escape(text)
  return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }))
end

--- One line of a screen with its escape sequences as SVG; each run of a colour at its own column.
local function line_of(text, row)
  local parts, column, colour = {}, 0, nil
  for code, shown in ("\27[0m" .. text):gmatch "\27%[([%d;]*)m([^\27]*)" do
    colour = code ~= "0" and code ~= "39" and code ~= "" and (COLOURS[code] or colour) or nil
    local _, width = shown:gsub("[^\128-\191]", "")
    if shown:find "%S" then
      parts[#parts + 1] = ('<tspan x="%g" fill="%s">%s</tspan>'):format(12 + column * WIDTH, colour or "#e6edf3",
        escape(shown))
    end
    column = column + width
  end
  return ('<text y="%d" xml:space="preserve">%s</text>'):format(12 + row * HEIGHT, table.concat(parts))
end

local function svg(screen)
  local lines, row = {}, 0
  for text in screen:gsub("%s+$", ""):gmatch "[^\n]+" do
    row = row + 1
    lines[row] = line_of(text, row)
  end
  local width, height = COLUMNS * WIDTH + 24, row * HEIGHT + 28
  return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img" '
    .. 'aria-label="fnf map-run watch">\n<rect width="100%%" height="100%%" rx="6" fill="#0d1117"/>\n'
    .. '<g font-family="ui-monospace, SFMono-Regular, Menlo, DejaVu Sans Mono, monospace" font-size="14">\n%s\n</g>\n'
    .. "</svg>\n"):format(width, height, width, height, table.concat(lines, "\n"))
end

local cloud = assert(emulator.start())
local names = {}
for _, run in ipairs {
  { ExecutionName = "nightly-1", items = 1200, Concurrency = 40, item_duration = 2, failure_share = 0.01,
    ToleratedFailedPercentage = 5 },
  { ExecutionName = "nightly-2", items = 150, Concurrency = 30, item_duration = 0.5 },
  { ExecutionName = "nightly-3", items = 60, Concurrency = 10, item_duration = 0.2, failure_share = 0.5,
    ToleratedFailedCount = 3 },
} do
  run.FlowName = "orders"
  local made = assert(cloud:map_run(run))
  names[#names + 1] = ("%s/%s/%s"):format(made.FlowName, made.ExecutionName, made.MapRunName)
end
local screen = tmux.open(COLUMNS, LINES, { FNF_ENDPOINT = cloud.url, ALIBABA_CLOUD_ACCESS_KEY_ID = cloud.access_key_id,
  ALIBABA_CLOUD_ACCESS_KEY_SECRET = cloud.access_key_secret, LC_ALL = "C.UTF-8", TERM = "xterm-256color" })
screen:type("PS1=; clear; bin/fnf map-run watch " .. table.concat(names, " "))
screen:wait_for "1 failed.*\n.*q leaves"
screen:wait_for "nightly%-1[^\n]*\n +in %d"
local shown = screen:colored()
screen:stop()
cloud:stop()
io.stdout:write(svg("\27[0m$ fnf map-run watch orders/nightly-1 orders/nightly-2 orders/nightly-3\n" .. shown))
