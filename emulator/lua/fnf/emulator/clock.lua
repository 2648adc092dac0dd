--- The emulator's two clocks: the service's wall clock, and the time that simulated runs live in.
-- They are apart so that a test can jump an hour ahead without its signatures growing old, and the other way round.
-- SPDX-License-Identifier: MIT

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
function clock.service(self, real) return real + self.offset end

--- The wall time at which a simulated moment is shown.
---@param self fnf.emulator.Clock
---@param simulated number
---@return number
function clock.shown(self, simulated) return self.origin + simulated end

local function finite(value) return type(value) == "number" and value == value and math.abs(value) < 1e12 end

local changes = {
  freeze = {
    valid = function(value) return type(value) == "boolean" end, wanted = "true or false",
    apply = function(self, value) self.rate = value and 0 or 1 end,
  },
  rate = {
    valid = function(value) return finite(value) and value >= 0 end, wanted = "a number, 0 or more",
    apply = function(self, value) self.rate = value end,
  },
  advance = {
    valid = function(value) return finite(value) and value >= 0 end, wanted = "seconds, 0 or more",
    apply = function(self, value) self.simulated = self.simulated + value end,
  },
  offset = {
    valid = finite, wanted = "seconds",
    apply = function(self, value) self.offset = value end,
  },
}

--- Changes the clock: `freeze`, `rate` (simulated seconds in a real one), `advance` (seconds), `offset` (seconds).
---@param self fnf.emulator.Clock
---@param wanted table<string, any>
---@param real number
---@return true? done
---@return string? message the field that is wrong; nothing is changed then
function clock.change(self, wanted, real)
  for name, value in pairs(wanted) do
    local change = changes[name]
    if not change then return nil, ("unknown field '%s'"):format(tostring(name)) end
    if not change.valid(value) then return nil, ("%s must be %s"):format(name, change.wanted) end
  end
  self.simulated, self.real = clock.simulated(self, real), real
  for name, value in pairs(wanted) do changes[name].apply(self, value) end
  return true
end

return clock
