-- What both benches do: run commands in turns, and say what came of it.
-- SPDX-License-Identifier: MIT

local turns = {}

function turns.say(name, format, ...)
  print(("%s: %s"):format(name, format:format(...)))
end

function turns.output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

--- The cheapest of many turns of each command, which prints a number first.
function turns.cheapest(times, commands)
  local best = {}
  for _ = 1, times do
    for i, command in ipairs(commands) do
      local text = turns.output_of(command)
      local cost = assert(tonumber(text:match("^%s*([%d.]+)")), command .. ": " .. text)
      best[i] = math.min(best[i] or cost, cost)
    end
  end
  return best
end

return turns
