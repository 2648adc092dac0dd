--- Tries mutants one after another in a checkout of its own, and prints of each whether a spec noticed.
-- SPDX-License-Identifier: MIT
--
-- `lua5.4 spec/mutation/lane.lua CHECKOUT PLAN`: the plan has a line for each, of fields with tabs between: its number,
-- the file, the first and last byte, what comes there, and the specs as `spec=seconds`. What is printed: the number,
-- and `killed` and by what, or `survived`.

local file = require "pl.file"
local mutants = require "spec.mutation.mutants"
local shell = require "fnf.emulator.shell"

local checkout, plan = arg[1], arg[2]

local PATIENCE = 1200 -- seconds: only a bound for what sleeps; a busy machine takes minutes for seconds
local SPARE = 10 -- seconds of the processor beyond what an unbroken spec takes: what needs more is caught in a loop
local C_SECONDS = 60 -- of the processor, for the C specs
local SLOW = 20 -- seconds from which on a spec comes last, whatever it has killed

-- The processor's time is bounded, not the clock's: a busy machine is no reason to die.
local SPEC = [[cd "$1" && ulimit -t "$2" && ulimit -v 4000000 &&
  LUA_PATH="$1/lua/?.lua;$1/emulator/lua/?.lua;$1/?.lua;;" LUA_CPATH="$1/build/5.4/?.so;;" FNF_SCHEDULES=500 \
  timeout "$3" lua5.4 spec/run.lua --no-keep-going "$4" >/dev/null 2>&1]]
local C_SPEC = [[cd "$1" && ulimit -t "$2" && ASAN_OPTIONS=hard_rss_limit_mb=2000 timeout "$3" "$4" >/dev/null 2>&1]]
local MAKE = [[cd "$1" && make -s "$2" >/dev/null 2>&1]]

--- Whether it passes.
local function passes(spec, seconds)
  if spec:find "%.lua$" then
    return shell.run(SPEC, checkout, ("%.0f"):format(SPARE + seconds), tostring(PATIENCE), spec)
  end
  return shell.run(MAKE, checkout, spec)
    and (spec:find "%.so$" or shell.run(C_SPEC, checkout, tostring(C_SECONDS), tostring(PATIENCE), spec))
end

local kills = {} -- of the mutants of a file, by spec

--- What runs a line: what has killed most of the file's mutants so far, then the spec with its name, then the quickest.
local function in_order(path, specs)
  local list, row = {}, kills[path] or {}
  local name = "/" .. path:match "([%w_]+)%.%a+$"
  kills[path] = row
  for spec, seconds in specs:gmatch "(%S+)=(%S+)" do
    list[#list + 1] = { spec = spec, seconds = tonumber(seconds),
      place = spec:find(name, 1, true) and 0 or #list + 1 }
  end
  if path:find "%.lua$" then
    table.sort(list, function(a, b)
      local x, y = row[a.spec] or 0, row[b.spec] or 0
      if a.seconds >= SLOW or b.seconds >= SLOW then
        return a.seconds < b.seconds
      end
      return x > y or x == y and (a.place < b.place or a.place == b.place and a.seconds < b.seconds)
    end)
  end
  return list, row
end

local function verdict(path, specs)
  local list, row = in_order(path, specs)
  for _, each in ipairs(list) do
    if not passes(each.spec, each.seconds) then
      row[each.spec] = (row[each.spec] or 0) + 1
      return "killed\t" .. each.spec
    end
  end
  return "survived"
end

for line in io.lines(plan) do
  local number, path, from, to, becomes, specs = line:match "^(%d+)\t([^\t]+)\t(%d+)\t(%d+)\t([^\t]*)\t(.*)$"
  local whole = checkout .. "/" .. path
  local text = file.read(whole)
  assert(file.write(whole, mutants.apply(text, { from = tonumber(from), to = tonumber(to), becomes = becomes })))
  local said = verdict(path, specs)
  assert(file.write(whole, text))
  print(number .. "\t" .. said)
  io.stdout:flush()
end
