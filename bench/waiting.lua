--- Simulated waiting: polls spent and lag after the end, ours beside others.
--- `lua bench/waiting.lua [runs [crowds [seed [folder]]]]`
-- SPDX-License-Identifier: MIT
--
-- Prints the tables of docs/waiting.md, as Markdown, and draws its two pictures into the folder, if there is one. The
-- clock is not a real one, and everything is drawn from seeds, so the same numbers come out everywhere; a spec holds
-- the page against a shorter run.

local root = arg[0]:match("^(.*/)bench/") or arg[0]:match("^bench/") and "" or "../"
package.path = root .. "bench/?.lua;" .. root .. "lua/?.lua;" .. package.path

local pictures = require "waiting.pictures"
local tables = require "waiting.tables"

local RUNS, CROWDS, SEED, FOLDER = tonumber(arg[1] or 1000), tonumber(arg[2] or 3), tonumber(arg[3] or 0), arg[4]
local QUEUES = math.ceil(RUNS / 6) -- they take longer

local measured = {}
local function keep(shape, found)
  measured[#measured + 1] = { shape = shape, found = found }
end

local function show(lines)
  for line in lines do
    print(line)
  end
  print()
end

show(tables.queues(QUEUES, SEED, keep))
show(tables.alone(RUNS, SEED))
show(tables.watching(RUNS, SEED))
show(tables.crowds(CROWDS, SEED))
if FOLDER then
  pictures.lag(FOLDER .. "/waiting-lag.svg", measured)
  pictures.crowd(FOLDER .. "/waiting-crowd.svg", SEED)
end
