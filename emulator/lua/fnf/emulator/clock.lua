--- The emulator's two clocks: the service's wall clock, and the time that simulated runs live in.
-- They are apart so that a test can jump an hour ahead without its signatures growing old, and the other way round.
-- SPDX-License-Identifier: MIT

local fields = require "fnf.emulator.fields"

local clock = {}

---@class fnf.emulator.Clock
---@field origin number wall time at which simulated time is 0
---@field real number real wall time of the last change
---@field simulated number simulated seconds at the last change
---@field rate number simulated seconds in a real one; 0 is a frozen clock
---@field offset number seconds that the service's wall clock is ahead of the real one

---@param real number wall time, seconds since 1970
---@return fnf.emulator.Clock
function clock.new(real)
  return { origin = math.floor(real), real = real, simulated = 0, rate = 1, offset = 0 }
end

--- Seconds of simulated time. A real clock that is set back stands still here.
---@param self fnf.emulator.Clock
---@param real number
---@return number
function clock.simulated(self, real)
  return self.simulated + math.max(0, real - self.real) * self.rate
end

--- What the service takes for the wall time: in the Date header and in the window of signatures.
---@param self fnf.emulator.Clock
---@param real number
---@return number
function clock.service(self, real)
  return real + self.offset
end

--- The wall time at which a simulated moment is shown.
---@param self fnf.emulator.Clock
---@param simulated number
---@return number
function clock.shown(self, simulated)
  return self.origin + simulated
end

local rows = {
  freeze = fields.flag(),
  rate = fields.number(0, 1e6, "a number from 0 to 1000000"),
  advance = fields.seconds(),
  offset = fields.shift(),
}

-- No clock shows a later time than this: what is shown must have a date.
local LATEST = 1e12

--- Changes the clock: `freeze`, `rate` (simulated seconds in a real one), `advance` (seconds), `offset` (seconds).
---@param self fnf.emulator.Clock
---@param wanted table<string, any>
---@param real number
---@return true? done
---@return string? problem the field that is wrong; nothing is changed then
function clock.change(self, wanted, real)
  local problem = fields.validate(wanted, rows)
  if problem then
    return nil, problem
  end
  self.simulated, self.real = clock.simulated(self, real), real
  if wanted.freeze then
    self.rate = 0
  else
    self.rate = wanted.rate or wanted.freeze == false and 1 or self.rate
  end
  self.simulated = math.min(LATEST, self.simulated + (wanted.advance or 0))
  self.offset = wanted.offset or self.offset
  return true
end

return clock
