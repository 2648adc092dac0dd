--- Runs specs and says which lines of Lua and which branches of C none of them ran.
-- SPDX-License-Identifier: MIT
--
-- `lua5.4 spec/coverage/run.lua [SPEC...]`, all of them by default; folders are taken, too. It works in a copy of the
-- checkout, built with --coverage; what children run counts, nginx and the emulator in it. Exits 1 below the aims, if
-- all specs ran, and if a spec fails.

local c_branches = require "spec.coverage.c_branches"
local lua_lines = require "spec.coverage.lua_lines"
local shell = require "fnf.emulator.shell"

local LINES, BRANCHES = 98, 95 -- of 100
local WHOLE = { ["csrc/sign.c"] = true, ["csrc/canonical.c"] = true, ["csrc/lua_normalize.c"] = true }

-- Those that judge what --coverage changes: exported symbols, instructions.
local LEFT_OUT = { ["spec/modules_spec.lua"] = true, ["spec/instructions_spec.lua"] = true }

local function list(command, ...)
  local paths, done, printed = {}, shell.run(command, ...)
  assert(done, printed)
  for path in printed:gmatch "[^\n]+" do
    paths[#paths + 1] = path
  end
  return paths
end

---- running ----

local COPY = [[
d=$(mktemp -d) && git ls-files -z -c -o --exclude-standard | xargs -0 cp --parents -pt "$d" && mkdir -p "$d/build" &&
cp -rp build/coverage "$d/build/" && cd "$d" && rm -rf build/coverage/marks && mkdir build/coverage/marks &&
find build/coverage -name '*.gcda' -delete && make -s coverage-build >&2 && echo "$d"
]]

-- What fails is told: coverage makes some slower than they allow, and leaves its marks all the same.
local SPEC = [[
export LUA_INIT='dofile(os.getenv "FNF_COVERAGE_ROOT" .. "/spec/coverage/init.lua")'
export LD_PRELOAD="$FNF_COVERAGE_ROOT/build/coverage/5.1/hook.so"
timeout 1200 lua5.4 spec/run.lua "$1" >build/coverage/$$.out 2>&1 </dev/null || {
  unset LD_PRELOAD LUA_INIT; echo "failed: $1"; tail -n 30 build/coverage/$$.out >&2; }
]]

-- Of the C modules, in a host of each Lua that they are built for; others run theirs in Lua 5.4 and nginx only.
local GLUE = "spec/c/glue/failures.lua spec/glue_spec.lua spec/core_spec.lua spec/core_host_spec.lua "
  .. "spec/curl_spec.lua spec/json_spec.lua spec/locale_spec.lua spec/vectors_spec.lua spec/share/replies_spec.lua"

local function run(copy, specs)
  return shell.run([[cd "$1" && export FNF_COVERAGE_ROOT="$1" FNF_COVERAGE="$1/build/coverage/marks" &&
    { build/c/spec >build/coverage/c.out 2>&1 || echo "failed: build/c/spec"; };
    for host in build/5.4/glue build/5.1/glue; do for spec in ]] .. GLUE .. [[; do
      timeout 300 $host spec/run.lua "$spec" >build/coverage/c.out 2>&1 </dev/null ||
        { echo "failed: $host $spec"; tail -n 30 build/coverage/c.out >&2; }; done; done;
    printf '%s' "$2" | xargs -P2 -I{} sh -c "$3" sh {} 2>"$4"]], copy,
    table.concat(specs, "\n") .. "\n", SPEC, os.getenv "PWD" .. "/build/coverage/failures")
end

---- saying ----

--- 3, 4, 5, 9 as "3-5 9"; the same line twice is two branches.
local function ranges(numbers)
  local words, first, last = {}, nil, nil
  local function close()
    if first then
      words[#words + 1] = first == last and tostring(first) or first .. "-" .. last
    end
  end
  for _, number in ipairs(numbers) do
    if not last or number > last + 1 then
      close()
      first = number
    end
    last = number
  end
  close()
  return table.concat(words, " ")
end

local function share(all, missed)
  return all == 0 and 100 or 100 * (all - missed) / all
end

--- Print the lowest files first, and return the share of all.
local function report(title, rows, field)
  local all, missed = 0, 0
  table.sort(rows, function(a, b)
    local x, y = share(a[field], #a.missed), share(b[field], #b.missed)
    return x < y or x == y and a.path < b.path
  end)
  print(title)
  for _, row in ipairs(rows) do
    all, missed = all + row[field], missed + #row.missed
    if #row.missed > 0 then
      print(("  %5.1f %%  %s%s: %s"):format(share(row[field], #row.missed), row.path,
        row.lua and " in Lua " .. row.lua or "", ranges(row.missed)))
    end
  end
  print(("  %5.1f %%  of %d %s"):format(share(all, missed), all, field))
  return share(all, missed)
end

--- The shares by folder, for a table.
local function by_room(rows)
  local rooms, names = {}, {}
  for _, row in ipairs(rows) do
    local name = row.path:match "^(.*)/"
    local room = rooms[name]
    if not room then
      room = { lines = 0, missed = 0 }
      rooms[name], names[#names + 1] = room, name
    end
    room.lines, room.missed = room.lines + row.lines, room.missed + #row.missed
  end
  table.sort(names)
  print "by folder"
  for _, name in ipairs(names) do
    print(("  %5.1f %%  %s, %d lines"):format(share(rooms[name].lines, rooms[name].missed), name, rooms[name].lines))
  end
end

local places = #arg > 0 and table.concat(arg, " ") or "spec emulator/spec"
local specs = {}
for _, spec in ipairs(list("git ls-files -- $1 | grep '_spec\\.lua$'", places)) do
  if LEFT_OUT[spec] then
    print("left out: " .. spec)
  else
    specs[#specs + 1] = spec
  end
end
local copy = list(COPY)[1]
local _, failed = run(copy, specs)
local modules = "cd $1 && find lua emulator/lua -name '*.lua' | grep -v lua/fnf/types | sort"
local lines = lua_lines.missed(copy, list(modules, copy))
local branches = c_branches.missed(list("find $1/build/coverage/objects -name '*.gcda' | sort", copy))
local of_lines = report("Lua", lines, "lines")
by_room(lines)
local of_branches = report("C", branches, "branches")
local reasons, about_none = c_branches.reasons(branches)
print("no spec's to take, and counted as missed:\n  " .. table.concat(reasons, "\n  "))
assert(#about_none == 0, "rows of spec/coverage/unreached.lua are about no line: " .. table.concat(about_none, "; "))
print(failed)
shell.run('rm -rf "$1"', copy)

local below = of_lines < LINES or of_branches < BRANCHES
for _, row in ipairs(branches) do
  below = below or WHOLE[row.path] and #row.missed > 0
end
if failed ~= "" or #arg == 0 and below then
  os.exit(1)
end
