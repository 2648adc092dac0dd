--- An external program run to its end, without a shell and within limits.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local errors = require "fnf.errors"
local number = require "fnf.number"

local program = {}

local FIRST_PAUSE, LONGEST_PAUSE = 0.001, 0.05 -- seconds between looks at it, doubling

--- Why the output of an ended program cannot be used, or nil.
local function validate(output, status, message)
  if not output then
    return message
  elseif status ~= 0 then
    return ("it ended with status %d"):format(status)
  end
end

--- What a program prints.
---@param words string[] the program first
---@param limits { timeout: number, limit: integer } seconds, bytes
---@param sleep fun(seconds: number): boolean, fnf.Error|nil false if the caller has given up, or why it may not
---@return string|nil
---@return string|fnf.Error|nil reason never with what it printed
function program.run(words, limits, sleep)
  local process, name, reason = core.process(words, limits.limit)
  if not process then
    reason = ("%s cannot be run: %s"):format(words[1], reason)
    return nil, name == "no memory" and errors.memory(reason, false) or reason
  end
  local ending, pause = core.now() + limits.timeout, FIRST_PAUSE
  while true do
    local output, status, message = process:look()
    if output ~= false then
      reason = validate(output, status, message)
      process:close()
      return not reason and output or nil, reason
    elseif core.now() >= ending then
      process:close()
      return nil, number.format("it did not end within %g seconds", limits.timeout)
    end
    local slept, refused = sleep(pause)
    if not slept then
      process:close()
      return nil, refused or errors.cancelled()
    end
    pause = math.min(LONGEST_PAUSE, 2 * pause)
  end
end

return program
