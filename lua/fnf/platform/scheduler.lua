--- Functions that run at the same time in one thread: they take turns whenever one sleeps or sends.
-- SPDX-License-Identifier: MIT
--
-- A task that is told to end (another one failed, or the caller gave up) finds its next sleep or transfer cancelled;
-- if it goes on all the same, the one after that raises. Lua 5.1 cannot suspend across pcall, a metamethod or an
-- iterator written in C; later Luas do, or block where they cannot either.

local core = require "fnf.core"
local errors = require "fnf.errors"
local flights = require "fnf.platform.transfers"
local schedule = require "fnf.platform.schedule"

local tasks = {}

local SLICE = 0.1 -- seconds between two questions to a `cancel`
local LONGEST = 1 -- seconds in C at a time: so often Lua's own signal hook may run

---@class fnf.Group functions that run together
---@field parent fnf.Task the task that waits for them
---@field members table<fnf.Task, boolean> those that have not ended
---@field alive integer how many those are
---@field results table the first result of each function
---@field failure? { reason: any, raised: boolean } why all are to end

--- Sleep in a task.
---@param task fnf.Task the running one
---@param seconds number
---@param cancel? fun(): any
---@return boolean done false if it was cancelled
function tasks.sleep(task, seconds, cancel)
  local ending = core.now() + seconds
  while true do
    local now = core.now()
    if schedule.is_told(task) or cancel and cancel() then
      return false
    elseif now >= ending then
      return true
    end
    schedule.park(task, cancel and math.min(ending, now + SLICE) or ending)
  end
end

---- groups ----

local function fail(group, reason, raised)
  group.failure = group.failure or { reason = reason, raised = raised }
end

local function spawn(group, index, body)
  local task = { thread = coroutine.create(body) }
  function task.on_end(_, done, result, reason)
    group.members[task] = nil
    group.alive = group.alive - 1
    if not done then
      fail(group, result, true)
    elseif result == nil and reason ~= nil then
      fail(group, reason, false)
    else
      group.results[index] = result
    end
    if group.failure or group.alive == 0 then
      schedule.wake(group.parent)
    end
  end
  group.members[task] = true
  group.alive = group.alive + 1
  schedule.wake(task)
end

local function tell_all(group)
  for task in pairs(group.members) do
    task.told = task.told or true
    schedule.wake(task)
  end
end

--- Wait in a task for the end of its group.
local function await(group, cancel)
  local parent, is_over = group.parent, false
  while group.alive > 0 do
    if not group.failure and (parent.told or cancel and cancel()) then
      fail(group, errors.cancelled(), false)
    end
    if group.failure and not is_over then
      is_over = true
      tell_all(group)
    end
    schedule.park(parent, cancel and not is_over and core.now() + SLICE)
  end
end

local function gather(parent, functions, cancel)
  local group = { parent = parent, members = {}, alive = 0, results = {} }
  for index, body in ipairs(functions) do
    spawn(group, index, body)
  end
  await(group, cancel)
  if not group.failure then
    return group.results
  elseif group.failure.raised then
    error(group.failure.reason, 0)
  end
  return nil, group.failure.reason
end

---- outside of a task ----

local function drive(root)
  while not root.over do
    schedule.run()
    if not root.over then
      flights.wait(math.min(LONGEST, schedule.pause()))
    end
  end
end

--- Run a function as a task that nobody waits for but this loop.
local function run(body)
  local root = { thread = coroutine.create(body) }
  function root.on_end(_, done, result, reason)
    root.over, root.done, root.result, root.reason = true, done, result, reason
  end
  schedule.wake(root)
  local done, trouble = pcall(drive, root)
  if not done then -- by a signal's hook, say: without the loop nothing would ever be resumed
    flights.abandon()
    schedule.abandon()
    error(trouble, 0)
  end
  schedule.rest()
  if not root.done then
    error(root.result, 0)
  end
  return root.result, root.reason
end

--- Run functions at the same time, until all have ended. What one of them raises, or returns after nil, ends the
--- others.
---@param functions (fun(): any, any)[]
---@param cancel? fun(): any asked ten times a second; true ends all of them
---@return any[]|nil results the first result of each, in their order
---@return any err what a function returned after nil; an error of kind "cancelled"
function tasks.gather(functions, cancel)
  local task = schedule.current()
  if task then
    return gather(task, functions, cancel)
  end
  return run(function()
    return gather(schedule.current(), functions, cancel)
  end)
end

return tasks
