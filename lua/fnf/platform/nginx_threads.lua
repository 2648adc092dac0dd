--- Light threads of one request or timer: one that must end in time, and several at the same time.
-- SPDX-License-Identifier: MIT
--
-- Whoever waits here waits for a semaphore. `ngx.thread.wait` would have to know each thread it waits for, and loses
-- track ("no co ctx found") of some that end or are killed while the worker is too busy to look.

local cancellable = require "fnf.platform.cancellable"
local core = require "fnf.core"
local errors = require "fnf.errors"

local threads = {}

local LONG = 3600 -- seconds between two looks without a `cancel`
local TICK = 0.001 -- seconds: less is none to nginx, whose own clock stands still meanwhile

local function new_semaphore()
  return assert(require("ngx.semaphore").new())
end

--- Wait for a post, or until it is time to look again; why nginx cannot wait, which it can hardly ever not.
local function wait(semaphore, seconds)
  local posted, reason = semaphore:wait(seconds)
  return not posted and reason ~= "timeout" and "nginx cannot wait: " .. tostring(reason) or nil
end

--- End a thread. One that has ended does not mind, and one that nginx cannot find ends by its own deadline.
local function kill(thread)
  pcall(ngx.thread.kill, thread)
end

--- Wait until the work has ended (nil), or there is a reason to give up.
local function watch(state, ending, cancel)
  while not state.results do
    if cancel and cancel() then
      return "cancelled"
    end
    local left = ending - core.now()
    if left <= 0 then
      return "timeout"
    end
    local broken = wait(state.ended, math.max(TICK, cancel and math.min(left, cancellable.SLICE) or left))
    if broken then
      return broken
    end
  end
end

--- What pcall gave, with the error raised anew.
local function hand_on(done, ...)
  if not done then
    error((...), 0)
  end
  return ...
end

--- Run `work` in a thread of its own, but not for longer than that.
---@param work fun(): ... up to three results are handed on, an error too
---@param seconds number
---@param cancel? fun(): any asked ten times a second; true ends it
---@return any ... what `work` returned; nil and "timeout", "cancelled" or why nginx cannot wait
function threads.race(work, seconds, cancel)
  local state = { ended = new_semaphore() }
  local thread = ngx.thread.spawn(function()
    state.results = { pcall(work) }
    state.ended:post(1)
  end)
  local watched, reason = pcall(watch, state, core.now() + seconds, cancel)
  if watched and state.results then
    return hand_on(unpack(state.results, 1, 4))
  end
  kill(thread)
  return nil, hand_on(watched, reason)
end

---- several at the same time ----

--- What a function came to: a result, or why all are to end.
local function settle(group, index, done, result, reason)
  if not done then
    group.failure = group.failure or { raised = true, reason = result }
  elseif result == nil and reason ~= nil then
    group.failure = group.failure or { reason = reason }
  else
    group.results[index] = result
  end
  group.alive = group.alive - 1
  group.ended:post(1)
end

local function start(group, functions)
  for index, body in ipairs(functions) do
    if group.failure then
      return
    end
    group.threads[index] = ngx.thread.spawn(function()
      settle(group, index, pcall(body))
    end)
  end
end

local function await(group, cancel)
  while group.alive > 0 and not group.failure do
    local broken = wait(group.ended, cancel and cancellable.SLICE or LONG)
    if group.failure then
      return
    elseif broken then
      group.failure = { reason = errors.new { kind = "network", message = broken, retryable = true } }
    elseif cancel and cancel() then
      group.failure = { reason = errors.cancelled() }
    end
  end
end

--- Run functions at the same time, until all have ended. What one of them raises, or returns after nil, ends the
--- others.
---@param functions (fun(): any, any)[]
---@param cancel? fun(): any asked ten times a second; true ends all of them
---@return any[]|nil results the first result of each, in their order
---@return any err what a function returned after nil; an error of kind "cancelled"
function threads.gather(functions, cancel)
  local group = { ended = new_semaphore(), results = {}, threads = {}, alive = #functions }
  start(group, functions)
  local done, reason = pcall(await, group, cancel)
  if not done then
    group.failure = { raised = true, reason = reason }
  elseif not group.failure then
    return group.results
  end
  for _, thread in ipairs(group.threads) do
    kill(thread)
  end
  if group.failure.raised then
    error(group.failure.reason, 0)
  end
  return nil, group.failure.reason
end

return threads
