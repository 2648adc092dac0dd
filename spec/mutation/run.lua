--- Breaks the signer, retry, wait and HTTP readers on purpose, and counts whose breaking no spec notices.
-- SPDX-License-Identifier: MIT
--
-- `lua5.4 spec/mutation/run.lua [COUNT [SEED [PATH]]]`: COUNT mutants, drawn by SEED, of the files below or of PATH. A
-- mutant changes one operator, one constant or one condition, or drops one statement. It is made in a copy of the
-- checkout; it dies where one of its file's specs fails, or takes longer than PATIENCE. Survivors are printed.

local shell = require "fnf.emulator.shell"

local PATIENCE = 120 -- seconds
local C_SPEC = "build/mutant/spec"

local FILES = {
  { "lua/fnf/call/retry.lua", "spec/call/retry_spec.lua spec/call/hint_spec.lua spec/errors_spec.lua" },
  { "lua/fnf/call/request.lua", "spec/call/request_spec.lua" },
  { "lua/fnf/call/attempt.lua", "spec/call/retry_spec.lua spec/call_spec.lua spec/credentials/provider_spec.lua" },
  { "lua/fnf/call/rate_limiter.lua", "spec/call/rate_limiter_spec.lua" },
  { "lua/fnf/call/response.lua", "spec/call/response_spec.lua spec/call/hint_spec.lua" },
  { "lua/fnf/wait/wait.lua", "spec/wait/wait_spec.lua spec/wait/wait_end_spec.lua spec/wait/wait_execution_spec.lua "
    .. "spec/wait/checkpoint_spec.lua" },
  { "lua/fnf/wait/progress.lua", "spec/wait/progress_spec.lua spec/wait/wait_spec.lua spec/wait/checkpoint_spec.lua" },
  { "lua/fnf/wait/tolerance.lua", "spec/wait/tolerance_spec.lua" },
  { "lua/fnf/wait/heap.lua", "spec/wait/heap_spec.lua" },
  { "lua/fnf/platform/nginx_framing.lua", "spec/platform/nginx_framing_spec.lua" },
  { "csrc/canonical.c", C_SPEC }, { "csrc/sign.c", C_SPEC }, { "csrc/head.c", C_SPEC }, { "csrc/buf.c", C_SPEC },
}

local LUA = { { " == ", " ~= " }, { " ~= ", " == " }, { " < ", " <= " }, { " <= ", " < " }, { " > ", " >= " },
  { " >= ", " > " }, { " + ", " - " }, { " - ", " + " }, { " * ", " / " }, { " / ", " * " }, { " and ", " or " },
  { " or ", " and " }, { "not ", "" }, { "true", "false" }, { "false", "true" }, { "math.min", "math.max" },
  { "math.max", "math.min" } }
local C = { { " == ", " != " }, { " != ", " == " }, { " < ", " <= " }, { " <= ", " < " }, { " > ", " >= " },
  { " >= ", " > " }, { " + ", " - " }, { " - ", " + " }, { " * ", " / " }, { " && ", " || " }, { " || ", " && " },
  { "(!", "(" }, { "++", "--" } }

local count, seed, only = tonumber(arg[1] or 300), tonumber(arg[2] or 1), arg[3]
local function draw(most)
  seed = seed * 16807 % 2147483647
  return seed % most + 1
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

--- Every mutant of a line: the line, and what was done.
local function mutants_of(line, is_c)
  local found = {}
  local code = line:match "^(.-)%s+%-%-" or line
  if code:find "^%s*%-%-" or code:find "^%s*/?%*" or code:find "^#" or code:find "require" or not code:find "%S"
    or code:find "^%s*//" then
    return found
  end
  for _, pair in ipairs(is_c and C or LUA) do
    local at = 1
    while true do
      local from, to = code:find(pair[1], at, true)
      if not from then
        break
      end
      local _, quotes = code:sub(1, from):gsub('"', "")
      if quotes % 2 == 0 then
        found[#found + 1] = { line:sub(1, from - 1) .. pair[2] .. line:sub(to + 1), pair[1] .. "->" .. pair[2] }
      end
      at = to + 1
    end
  end
  for from, digits, to in code:gmatch "()%f[%w_.](%d+)%f[^%w_.]()" do
    local _, quotes = code:sub(1, from):gsub('"', "")
    if quotes % 2 == 0 then
      found[#found + 1] = { line:sub(1, from - 1) .. ("%d"):format(tonumber(digits) + 1) .. line:sub(to),
        digits .. "->" .. tonumber(digits) + 1 }
    end
  end
  local drops = is_c and code:find "^%s+[%w_>.*%(%)%[%]-]+[^{}]*;$" and not code:find "^%s+[%w_]+ [*%w_]+ ?[=;]"
    and not code:find "return" and not code:find "^%s+struct" and not code:find "^%s+const"
  drops = drops or not is_c and (code:find "^%s+[%w_.%[%]]+ = [^{]+$" or code:find "^%s+[%w_.:]+%(.*%)$")
    and not code:find "function" and not code:find "[,%(]$"
  if drops then
    found[#found + 1] = { (line:match "^%s*") .. (is_c and ";" or ""), "dropped" }
  end
  return found
end

local _, root = shell.run "pwd"
local _, copy = shell.run('d=$(mktemp -d); git ls-files -z | xargs -0 cp --parents -pt "$d"; mkdir "$d/build"; '
  .. 'cp -rp build/5.4 build/c build/mutant "$d/build/"; echo "$d"')

local all = {}
for _, row in ipairs(FILES) do
  if not only or only == row[1] then
    local text, number = read(row[1]), 0
    for line in (text):gmatch "([^\n]*)\n" do
      number = number + 1
      for _, made in ipairs(mutants_of(line, row[1]:find "%.c$")) do
        all[#all + 1] = { path = row[1], specs = row[2], number = number, from = line, to = made[1], what = made[2] }
      end
    end
  end
end

--- True: no spec noticed. False: one did. Nil: it does not compile, and counts for nothing.
local function survives(mutant)
  if mutant.specs == C_SPEC then
    if not shell.run('cd "$1" && rm -f build/mutant/spec && make -s build/mutant/spec >/dev/null 2>&1', copy) then
      return nil -- no C
    end
    return shell.run('cd "$1" && timeout "$2" build/mutant/spec >/dev/null 2>&1', copy, tostring(PATIENCE))
  end
  return shell.run([[cd "$1" && LUA_PATH="$1/lua/?.lua;$1/emulator/lua/?.lua;$1/?.lua;;" ]]
    .. [[LUA_CPATH="$1/build/5.4/?.so;;" timeout "$2" lua5.4 spec/run.lua --no-keep-going $3 >/dev/null 2>&1]],
    copy, tostring(PATIENCE), mutant.specs)
end

local function try(mutant)
  local text, number = read(mutant.path), 0
  write(copy .. "/" .. mutant.path, (text:gsub("([^\n]*)\n", function(line)
    number = number + 1
    return (number == mutant.number and mutant.to or line) .. "\n"
  end)))
  local lives = survives(mutant)
  write(copy .. "/" .. mutant.path, text)
  return lives
end

local function sound()
  for _, row in ipairs(FILES) do
    if (not only or only == row[1]) and not survives { specs = row[2] } then
      error("unbroken, the specs of " .. row[1] .. " fail already: " .. root)
    end
  end
end

sound()
local tried, killed, by_file = 0, 0, {}
while tried < count and #all > 0 do
  local mutant = table.remove(all, draw(#all))
  local lives
  local compiles = true
  if mutant.path:find "%.lua$" then
    local text = read(mutant.path)
    local number = 0
    compiles = load((text:gsub("([^\n]*)\n", function(line)
      number = number + 1
      return (number == mutant.number and mutant.to or line) .. "\n"
    end)))
  end
  if compiles then
    lives = try(mutant)
  end
  if compiles and lives ~= nil then
    local died = not lives
    local row = by_file[mutant.path] or { tried = 0, killed = 0 }
    by_file[mutant.path] = row
    tried, killed = tried + 1, killed + (died and 1 or 0)
    row.tried, row.killed = row.tried + 1, row.killed + (died and 1 or 0)
    if not died then
      print(("survived: %s:%d %s | %s"):format(mutant.path, mutant.number, mutant.what, mutant.from:match "^%s*(.*)$"))
    end
    if tried % 10 == 0 then -- so far: a run may be ended at any time
      print(("%d mutants, %d killed"):format(tried, killed))
    end
    io.stdout:flush()
  end
end
shell.run('rm -rf "$1"', copy)
for _, row in ipairs(FILES) do
  local seen = by_file[row[1]]
  if seen then
    print(("%-36s %3d mutants, %3d killed"):format(row[1], seen.tried, seen.killed))
  end
end
print(("%d mutants, %d killed: %.1f %%"):format(tried, killed, 100 * killed / math.max(1, tried)))
