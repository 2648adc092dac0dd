--- Lines of lua/fnf that specs ran: as busted's helper it counts them, with the word `report` it prints shares by file.
-- SPDX-License-Identifier: MIT
--
-- Lines that can run are those of `luac -l`. Specs that start programs or nginx are not seen through.

local LINES = "build/coverage.lines"

if ... == "report" then
  local ran = {}
  for line in io.lines(LINES) do
    ran[line] = true
  end
  local pipe = assert(io.popen "find lua -name '*.lua' -not -path 'lua/fnf/types*' | sort")
  local sum, most = 0, 0
  for path in pipe:lines() do
    local lines, count, done, missed = {}, 0, 0, {}
    for line in assert(io.popen("luac5.4 -p -l " .. path)):read("*a"):gmatch "\n\t%d+\t%[(%d+)%]\t(%u+)" do
      lines[tonumber(line)] = true
    end
    for line in pairs(lines) do
      count = count + 1
      if ran[path .. ":" .. line] then
        done = done + 1
      else
        missed[#missed + 1] = line
      end
    end
    sum, most = sum + done, most + count
    table.sort(missed)
    if done < count then
      print(("%-40s %5.1f %% of %d lines; not: %s"):format(path, 100 * done / count, count,
        table.concat(missed, " "):sub(1, 60)))
    end
  end
  print(("%d of %d lines of Lua: %.1f %%"):format(sum, most, 100 * sum / most))
  os.exit(0)
end

local ran = {}

local function note(_, line)
  local source = debug.getinfo(2, "S").source
  local path = source:match "lua/fnf.*%.lua$"
  if path then
    ran[path .. ":" .. line] = true
  end
end

-- Each coroutine has a hook of its own.
local create, wrap = coroutine.create, coroutine.wrap
coroutine.create = function(run) -- luacheck: ignore 122
  local thread = create(run)
  debug.sethook(thread, note, "l")
  return thread
end
coroutine.wrap = function(run) -- luacheck: ignore 122
  return wrap(function(...)
    debug.sethook(note, "l")
    return run(...)
  end)
end
debug.sethook(note, "l")

require("busted").subscribe({ "exit" }, function()
  debug.sethook()
  local file = assert(io.open(LINES, "w"))
  for line in pairs(ran) do
    file:write(line, "\n")
  end
  file:close()
  return nil, true
end)
