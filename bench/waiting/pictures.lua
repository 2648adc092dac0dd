--- The pictures of docs/waiting.md, drawn by gnuplot as SVG.
-- SPDX-License-Identifier: MIT

local alone = require "waiting.alone"
local crowd = require "waiting.crowd"

local pictures = {}

local COLUMNS = 4
local SIZES = { 10, 30, 100, 300, 1000 } -- waits of a crowd

local HEAD = [[
set terminal svg size %d,%d font "sans-serif,11" background "white"
set output "%s"
set logscale xy
set grid lc rgb "#e0e0e0"
set mxtics 1
set mytics 1
set key off
]]

--- Have gnuplot draw a picture; raises if it does not.
local function draw(path, width, height, commands)
  local gnuplot = assert(io.popen("gnuplot", "w"))
  gnuplot:write(HEAD:format(width, height, path), table.concat(commands, "\n"), "\n")
  local _, how, code = gnuplot:close()
  assert(how == nil or how == "exit" and code == 0, "gnuplot failed")
end

--- A block of data, and how often it is referred to is left to the commands.
local function block(name, points)
  local lines = { ("$%s << EOD"):format(name) }
  for _, point in ipairs(points) do
    lines[#lines + 1] = ("%g %g"):format(point[1], math.max(point[2], 0.01))
  end
  lines[#lines + 1] = "EOD"
  return table.concat(lines, "\n")
end

local POINTS = { ["fixed 5 s"] = { 4, "#888888" }, ["exponential 1 to 60 s"] = { 8, "#888888" },
  ["SDK's waiter"] = { 6, "#888888" }, ["twenty lines"] = { 12, "#888888" }, ["fnf, polls alone"] = { 7, "#1f77b4" },
  fnf = { 5, "#d62728" } }

--- Polls against lag for each shape: points of the strategies, and the frontier as a line.
---@param path string of the file
---@param measured { shape: table, found: table }[]
function pictures.lag(path, measured)
  local rows = math.ceil((#measured + 1) / COLUMNS)
  local commands = { ("set multiplot layout %d,%d"):format(rows, COLUMNS), "set xrange [3:700]",
    "set yrange [0.05:300]", 'set format y "%g"' }
  for i, each in ipairs(measured) do
    local plots = {}
    if each.found.line then
      local points = {}
      for k, point in ipairs(each.found.line) do
        points[k] = { point.polls, point.lag }
      end
      commands[#commands + 1] = block("line" .. i, points)
      plots[1] = ("$line%d with lines lw 1.5 lc rgb '#2ca02c'"):format(i)
    end
    for k, strategy in ipairs(alone.references) do
      local row, style = each.found[strategy.name], POINTS[strategy.name]
      commands[#commands + 1] = block(("p%d_%d"):format(i, k), { { row.polls, row.lag } })
      plots[#plots + 1] = ("$p%d_%d with points pt %d ps 0.8 lc rgb '%s'"):format(i, k, style[1], style[2])
    end
    commands[#commands + 1] = ("set title '%s' offset 0,-0.7"):format(each.shape.name)
    commands[#commands + 1] = "plot " .. table.concat(plots, ", ")
  end
  local legend = {}
  for _, strategy in ipairs(alone.references) do
    local style = POINTS[strategy.name]
    legend[#legend + 1] = ('NaN with points pt %d ps 0.8 lc rgb "%s" title "%s"'):format(style[1], style[2],
      strategy.name)
  end
  legend[#legend + 1] = 'NaN with lines lw 1.5 lc rgb "#2ca02c" title "frontier of who knows the law"'
  commands[#commands + 1] = 'set title "polls (across) and mean lag in seconds (up)" offset 0,-0.7'
  commands[#commands + 1] = "unset border; unset tics; unset grid; set key inside center center samplen 1"
  commands[#commands + 1] = "plot " .. table.concat(legend, ", ")
  commands[#commands + 1] = "unset multiplot"
  draw(path, 1000, 190 * rows, commands)
end

local CROWD = { { "each in turn", "lag", "each in turn" }, { "fnf, polls alone", "lag", "fnf, polls alone" },
  { "fnf", "lag", "fnf, described" }, { "fnf", "told", "fnf, told (on\\_end)" },
  { "fnf, executions of 5 that go on", "told", "fnf, told, executions of 5 that go on" },
  { "knowing ends after a poll", "lag", "knowing ends after a poll" } }

--- Mean lag of a crowd over its size, begun together and under way.
---@param path string of the file
---@param seed integer
function pictures.crowd(path, seed)
  local commands = { "set multiplot layout 1,2", "set xrange [8:1300]", "set yrange [0.1:1000]",
    'set xlabel "waits"', 'set ylabel "mean lag in seconds"', "set key top left font ',9'" }
  for place, start in ipairs { "under way", "begun" } do
    local lines, plots = {}, {}
    for _, size in ipairs(SIZES) do
      local by_name = {}
      for _, row in ipairs(crowd.measure(size, start, 1, seed)) do
        by_name[row.strategy] = row
      end
      for k, each in ipairs(CROWD) do
        lines[k] = lines[k] or {}
        table.insert(lines[k], { size, by_name[each[1]][each[2]] })
      end
    end
    for k, each in ipairs(CROWD) do
      commands[#commands + 1] = block(("c%d_%d"):format(place, k), lines[k])
      plots[k] = ("$c%d_%d with linespoints pt 7 ps 0.5 lw 1.5 title '%s'"):format(place, k, each[3])
    end
    commands[#commands + 1] = ("set title '%s'"):format(start)
    commands[#commands + 1] = "plot " .. table.concat(plots, ", ")
  end
  commands[#commands + 1] = "unset multiplot"
  draw(path, 1000, 460, commands)
end

return pictures
