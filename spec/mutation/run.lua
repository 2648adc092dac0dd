--- Breaks the signer, retry, wait and HTTP readers on purpose, and counts whose breaking no spec notices.
-- SPDX-License-Identifier: MIT
--
-- `lua5.4 spec/mutation/run.lua [COUNT [SEED [PATH]]]`: COUNT mutants, drawn by SEED, of the files below or of those
-- whose path has PATH in it; the same ones for the same checkout. A mutant is one operator, constant, condition or
-- statement changed; one that does not compile, or compiles to the same, is not counted. It dies where a spec that runs
-- its line fails or does not end. LANES=2 of the environment are tried at a time. Exits 1 if fewer than 90 of 100 die.

local equivalent = require "spec.mutation.equivalent"
local file = require "pl.file"
local mutants = require "spec.mutation.mutants"
local shell = require "fnf.emulator.shell"
local touched = require "spec.mutation.touched"

local AIM = 0.9
local LANES = tonumber(os.getenv "LANES" or 2)

local LUA = { "lua/fnf/call/retry.lua", "lua/fnf/call/request.lua", "lua/fnf/call/attempt.lua",
  "lua/fnf/call/rate_limiter.lua", "lua/fnf/call/response.lua", "lua/fnf/wait/wait.lua", "lua/fnf/wait/progress.lua",
  "lua/fnf/wait/tolerance.lua", "lua/fnf/wait/heap.lua", "lua/fnf/platform/nginx_framing.lua" }
local C = { "csrc/canonical.c", "csrc/sign.c", "csrc/head.c", "csrc/buf.c" }

-- Specs that may notice; which of them run a line is found out.
local SPECS = "spec/call spec/wait spec/call_spec.lua spec/client_spec.lua spec/errors_spec.lua spec/events_spec.lua "
  .. "spec/methods_spec.lua spec/credentials spec/platform/nginx_framing_spec.lua spec/platform/nginx_http_spec.lua"

-- What simulates for long, and so is not asked which lines it runs: tried last, on what plans waits.
local SLOW = { ["spec/wait/schedules_spec.lua"] = 20, ["spec/wait/simulation_spec.lua"] = 60 } -- seconds at most
local SLOW_PATHS = "^lua/fnf/wait/"

-- For C, in this order: suites without a network, signatures in Lua, failing allocations. A .so is only to be built.
local C_SPECS = { "build/mutant/quick", "build/5.4/fnf/core.so", "spec/vectors_spec.lua", "spec/core_spec.lua",
  "build/mutant/failing" }

---- which ones ----

local COMPILE = [[gcc -std=c11 -O1 -w -Icsrc -x c -c -o "$2" - <"$1"]]
local compiled = {} -- C files whose object is there, unchanged

--- Whether it compiles, and to something else.
local function differs(path, text, changed)
  if path:find "%.lua$" then
    local made = load(changed)
    return made ~= nil and string.dump(made, true) ~= string.dump(load(text), true)
  end
  local object = "build/mutant/unchanged-" .. path:match "[^/]+$" .. ".o"
  if not compiled[path] then
    assert(shell.run(COMPILE, path, object))
    compiled[path] = true
  end
  assert(file.write("build/mutant/changed.c", changed))
  return shell.run(COMPILE, "build/mutant/changed.c", "build/mutant/changed.o")
    and not shell.run([[cmp -s build/mutant/changed.o "$1"]], object)
end

--- COUNT of all that there are, by a shuffle that is the same wherever it runs.
local function choose(count, seed, only)
  local all, chosen, texts = {}, {}, {}
  for _, list in ipairs { LUA, C } do
    for _, path in ipairs(list) do
      if not only or path:find(only, 1, true) then
        texts[path] = file.read(path)
        for _, mutant in ipairs(mutants.of(path, texts[path])) do
          all[#all + 1] = mutant
        end
      end
    end
  end
  while #chosen < count and #all > 0 do
    seed = seed * 16807 % 2147483647
    local place = seed % #all + 1
    local mutant = all[place]
    all[place] = all[#all]
    all[#all] = nil
    local text = texts[mutant.path]
    if differs(mutant.path, text, mutants.apply(text, mutant)) then
      chosen[#chosen + 1] = mutant
    end
  end
  return chosen
end

---- trying them ----

local function checkout()
  local _, path = shell.run([[d=$(mktemp -d) &&
    git ls-files -z -c -o --exclude-standard | xargs -0 cp --parents -pt "$d" &&
    mkdir "$d/build" && cp -rp build/5.4 build/5.1 build/c build/mutant build/coverage "$d/build/" && echo "$d"]])
  return path
end

local function specs_in(words)
  local list, _, printed = {}, shell.run("git ls-files " .. words)
  for path in printed:gmatch "%S+_spec%.lua" do
    if not SLOW[path] then
      list[#list + 1] = path
    end
  end
  return list
end

local function try(chosen)
  local copies, plans, wanted = {}, {}, {}
  for lane = 1, LANES do
    copies[lane], plans[lane] = checkout(), {}
  end
  for _, mutant in ipairs(chosen) do
    wanted[mutant.path:match "%a+$"] = true
  end
  local map = wanted.lua and touched.map(copies[1], specs_in(SPECS), LUA, LANES)
  for number, mutant in ipairs(chosen) do
    local specs = {}
    if mutant.path:find "%.c$" then
      for _, spec in ipairs(C_SPECS) do
        specs[#specs + 1] = spec .. "=20"
      end
    else
      for _, touching in ipairs(map(mutant.path, mutant.line)) do
        specs[#specs + 1] = ("%s=%.1f"):format(touching.spec, touching.seconds)
      end
      for spec, seconds in pairs(mutant.path:find(SLOW_PATHS) and SLOW or {}) do
        specs[#specs + 1] = ("%s=%d"):format(spec, seconds)
      end
    end
    local plan = plans[number % LANES + 1]
    plan[#plan + 1] = table.concat({ number, mutant.path, mutant.from, mutant.to, mutant.becomes,
      table.concat(specs, " ") }, "\t")
  end
  local command = {}
  for lane = 1, LANES do
    assert(file.write(copies[lane] .. "/plan", table.concat(plans[lane], "\n") .. "\n"))
    command[lane] = ("lua5.4 spec/mutation/lane.lua %s %s/plan &"):format(copies[lane], copies[lane])
  end
  local pipe = io.popen("export LUA_PATH='./?.lua;./emulator/lua/?.lua;;'; " .. table.concat(command, " ") .. " wait")
  return function()
    local line = pipe:read "*l"
    if line then
      return tonumber(line:match "^%d+"), line:match "\t(%l+)", line:match "\t.*\t(.*)$"
    end
    pipe:close()
    for _, copy in ipairs(copies) do
      shell.run('rm -rf "$1"', copy)
    end
  end
end

local count, seed, only = tonumber(arg[1] or 300), tonumber(arg[2] or 1), arg[3]
local chosen = choose(count, seed, only)
local killed, tried, by_file, survivors, reasons = 0, 0, {}, {}, 0
for number, outcome, by in try(chosen) do
  local mutant = chosen[number]
  local row = by_file[mutant.path] or { tried = 0, killed = 0 }
  by_file[mutant.path] = row
  tried, row.tried = tried + 1, row.tried + 1
  if outcome == "killed" then
    killed, row.killed = killed + 1, row.killed + 1
  else
    survivors[#survivors + 1] = mutant
  end
  if os.getenv "VERBOSE" then
    io.stderr:write(("%s:%d %s %s %s\n"):format(mutant.path, mutant.line, mutant.what, outcome, by or ""))
  end
end
table.sort(survivors, function(a, b)
  return a.path < b.path or a.path == b.path and (a.line < b.line or a.line == b.line and a.from < b.from)
end)
for _, mutant in ipairs(survivors) do
  local reason = mutants.explain(mutant, equivalent)
  reasons = reasons + (reason and 1 or 0)
  print(("%s:%d: %s: %s%s"):format(mutant.path, mutant.line, mutant.what, mutant.text,
    reason and "\n  explained: " .. reason or ""))
end
for _, list in ipairs { LUA, C } do
  for _, path in ipairs(list) do
    local row = by_file[path]
    if row then
      print(("%-36s %4d mutants, %4d killed: %3.0f %%"):format(path, row.tried, row.killed,
        100 * row.killed / row.tried))
    end
  end
end
print(("%d mutants, %d killed, %d survive (%d of them explained): %.1f %%"):format(tried, killed, tried - killed,
  reasons, 100 * killed / math.max(1, tried)))
if tried < #chosen or killed < AIM * tried then
  os.exit(1)
end
