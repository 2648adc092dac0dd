--- What is to be looked at, in the order of the times it is due, worked off by a few tasks.
-- SPDX-License-Identifier: MIT
--
-- What stands in line is a small record, not a coroutine. A worker takes the one that is due first, sleeps until then,
-- has it look, and puts it back with its next time; so what the workers hold is due before what stands in line, unless
-- something is hurried.

local queue = require "fnf.wait.heap"

local line = {}

---@class fnf.Looker something that stands in line: a wait, or the execution of several
---@field step fun(self: fnf.Looker): boolean, any, fnf.Error|nil look once; true and the outcome, or false and seconds
---@field at? number when it is due; nil while it looks, and at its end
---@field hurried? boolean it is to look again at once

---@class fnf.Line
---@field context fnf.WaitContext
---@field due fnf.Queue of fnf.Looker
---@field settle fun(one: fnf.Looker, outcome: any, err?: fnf.Error) called at the end of each
---@field restless? boolean some of it may be hurried: sleep lightly
local Line = {}
Line.__index = Line

---@param context fnf.WaitContext
---@param settle fun(one: fnf.Looker, outcome: any, err?: fnf.Error)
---@return fnf.Line
function line.new(context, settle)
  return setmetatable({ context = context, settle = settle, due = queue.new() }, Line)
end

--- Put one in, or in another place.
---@param time number by the platform's clock
---@param one fnf.Looker
function Line:put(time, one)
  one.at = time
  self.due:put(time, one)
end

--- Have one look before all others: at once, or once more if it is looking now.
---@param one fnf.Looker
function Line:hurry(one)
  if one.at then
    self:put(0, one)
  else
    one.hurried = true
  end
end

--- Take out the one that is due first. What has been put in another place since is passed over.
---@return fnf.Looker|nil
---@return number|nil due
function Line:take()
  local one, due
  repeat
    one, due = self.due:take()
  until not one or one.at == due
  return one, due
end

--- Sleep until one is due. False if the work is to stop, or something has overtaken it.
local function sleep_until(self, due, halt)
  local platform = self.context.platform
  local delay = math.min(due, self.context.deadline or due) - platform.now()
  if delay <= 0 then
    return true
  elseif not self.restless then
    return platform.sleep(delay, halt)
  end
  return platform.sleep(delay, function()
    return self.context.open == 0 or (self.due:first() or due) < due or halt and halt()
  end)
end

local function look(self, one)
  one.at = nil
  local ended, outcome, err = one:step()
  if ended then
    self.settle(one, outcome, err)
  else
    self:put(one.hurried and 0 or self.context.platform.now() + outcome, one)
  end
  one.hurried = nil
end

--- Look at what is due, one after the other, until nothing stands in line or `halt` says so.
---@param halt? fun(): any
---@return boolean true
function Line:work(halt)
  while not (halt and halt()) do
    local one, due = self:take()
    if not one then
      return true
    elseif sleep_until(self, due, halt) then
      if one.at == due then -- not hurried, and looked at by another worker, meanwhile
        look(self, one)
      end
    else
      if one.at == due then
        self.due:put(due, one)
      end
      if (self.due:first() or due) >= due then
        return true
      end
    end
  end
  return true
end

--- Tasks that work at the same time.
---@param count integer
---@param halt? fun(): any
---@param tasks function[] to add them to
function Line:staff(count, halt, tasks)
  for _ = 1, math.min(self.due.size, count) do
    tasks[#tasks + 1] = function()
      return self:work(halt)
    end
  end
end

return line
