--- Which specs run which line of a module, quickest first: each runs once with the hook of spec/coverage.
-- SPDX-License-Identifier: MIT

local file = require "pl.file"
local shell = require "fnf.emulator.shell"

local touched = {}

-- A spec leaves a folder of marks behind, the seconds that it took, and whether it passed.
local RUN = [[
cd "$1" && marks="$1/build/touched/$2" && mkdir -p "$marks" && begun=$(date +%s%N) &&
FNF_COVERAGE_ROOT="$1" FNF_COVERAGE="$marks" LD_PRELOAD="$1/build/coverage/5.1/hook.so" \
  LUA_INIT='dofile(os.getenv "FNF_COVERAGE_ROOT" .. "/spec/coverage/init.lua")' \
  timeout 600 lua5.4 spec/run.lua --no-keep-going "$2" >"$marks/printed" 2>&1 || { cat "$marks/printed"; exit 1; }
echo $((($(date +%s%N) - begun) / 1000000)) >"$marks/milliseconds"
]]

local function marks_of(checkout, spec, module)
  return file.read(("%s/build/touched/%s/%s"):format(checkout, spec, (module:gsub("/", "%%"))))
end

--- What a mere `require` of the modules runs: marks that every spec leaves.
local function loaded(checkout, modules)
  local names = {}
  for _, module in ipairs(modules) do
    names[#names + 1] = ("pcall(require, %q)"):format(module:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/", "."))
  end
  assert(shell.run([[cd "$1" && mkdir -p build/touched/nothing && FNF_COVERAGE_ROOT="$1" \
    FNF_COVERAGE="$1/build/touched/nothing" LUA_PATH="$1/lua/?.lua;;" LUA_CPATH="$1/build/5.4/?.so;;" \
    LUA_INIT="@spec/coverage/init.lua" lua5.4 -e "$2"]], checkout, table.concat(names, " ")))
end

---@class fnf.Touching
---@field spec string
---@field seconds number that it takes unbroken

--- Run the specs once in a checkout with its hook built.
---@param checkout string
---@param specs string[]
---@param modules string[] in Lua
---@param at_a_time integer specs
---@return fun(module: string, line: integer): fnf.Touching[] those that run a line; for a line that runs when the
--- module is loaded, or has no instructions of its own (`while true do`), those that run any of its functions
function touched.map(checkout, specs, modules, at_a_time)
  local done, printed = shell.run([[printf '%s\n' "$2" | tr ' ' '\n' | xargs -P"$4" -I{} sh -c "$3" sh "$1" {}]],
    checkout, table.concat(specs, " "), RUN, tostring(at_a_time))
  assert(done, printed)
  loaded(checkout, modules)
  local seconds, by_time = {}, {}
  for place, spec in ipairs(specs) do
    by_time[place] = spec
    seconds[spec] = tonumber(file.read(("%s/build/touched/%s/milliseconds"):format(checkout, spec))) / 1000
  end
  table.sort(by_time, function(a, b) return seconds[a] < seconds[b] end)
  local function that(module, runs)
    local found = {}
    for _, spec in ipairs(by_time) do
      local marks = marks_of(checkout, spec, module)
      if marks and runs(marks) then
        found[#found + 1] = { spec = spec, seconds = seconds[spec] }
      end
    end
    return found
  end
  return function(module, line)
    local at_start = marks_of(checkout, "nothing", module) or ""
    local found = at_start:byte(line + 1) == 1 and {} or that(module, function(marks)
      return marks:byte(line + 1) == 1
    end)
    return #found > 0 and found or that(module, function(marks) return marks ~= at_start end)
  end
end

return touched
