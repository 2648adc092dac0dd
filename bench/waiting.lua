--- Simulated waiting: polls spent and lag after the end, ours beside others. `lua bench/waiting.lua [runs [crowds]]`
-- SPDX-License-Identifier: MIT
--
-- Prints the three tables of docs/waiting.md, as Markdown. The clock is not a real one, and everything is drawn from
-- seeds, so the same numbers come out everywhere; a spec holds the page against a shorter run.

local root = arg[0]:match("^(.*/)bench/") or arg[0]:match("^bench/") and "" or "../"
package.path = root .. "bench/?.lua;" .. root .. "lua/?.lua;" .. package.path

local tables = require "waiting.tables"

local RUNS, CROWDS, SEED = tonumber(arg[1] or 1000), tonumber(arg[2] or 3), tonumber(arg[3] or 0)

for line in tables.alone(RUNS, SEED) do
  print(line)
end
print()
for line in tables.watching(RUNS, SEED) do
  print(line)
end
print()
for line in tables.crowds(CROWDS, SEED) do
  print(line)
end
