--- Light threads of one request or timer: one that must end in time, and several at the same time.
-- SPDX-License-Identifier: MIT
--
-- nginx keeps a thread that has ended until its parent waits for it, kills it or ends; if the parent is killed first,
-- the request never ends. So whoever has threads here waits for all of them, which is told of an end at once, and does
-- nothing else that yields until none is left.

local cancellable = require "fnf.platform.cancellable"
local core = require "fnf.core"
local errors = require "fnf.errors"

local threads = {}

local TICK = 0.001 -- seconds: less is none to nginx, whose own clock stands still meanwhile
local SLICE = 0.01 -- seconds between two looks where nginx cannot tell of an end
local MOST = 4000 -- threads to wait for in one call: LuaJIT passes no more than 8000 arguments

--- Wait until one of the threads has ended, or for a moment: the nginx of a busy worker was seen to lose track of one
--- ("no co ctx found"), and one that it takes for dead ends every wait at once.
---@param list table[]
---@param has_ended fun(): any whether it is so
---@return fnf.Error|nil lost nginx cannot wait at all
local function wait(list, has_ended)
  if #list <= MOST then
    pcall(ngx.thread.wait, unpack(list))
  end
  if has_ended() then
    return nil
  end
  local slept, reason = pcall(ngx.sleep, SLICE)
  return not slept and errors.new { kind = "network", retryable = true,
    message = "nginx cannot wait: " .. tostring(reason) } or nil
end

--- End a thread, or let nginx forget one that has ended.
local function kill(thread)
  pcall(ngx.thread.kill, thread)
end

--- Sleep until there is a reason to give up.
local function watch(seconds, cancel)
  local late = cancellable.sleep(seconds, cancel, function(left)
    ngx.sleep(math.max(TICK, left))
  end)
  return late and "timeout" or "cancelled"
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
---@return any ... what `work` returned; nil and "timeout", "cancelled" or an error of nginx's
function threads.race(work, seconds, cancel)
  local ending = core.now() + seconds
  local results, over, reason, watcher
  local worker = ngx.thread.spawn(function()
    results = { pcall(work) }
  end)
  if not results then
    watcher = ngx.thread.spawn(function()
      over, reason = pcall(watch, ending - core.now(), cancel)
    end)
  end
  local function has_ended()
    return results or over ~= nil
  end
  while not has_ended() do
    local lost = wait({ worker, watcher }, has_ended)
    if lost then
      over, reason = true, lost
    end
  end
  kill(worker)
  if watcher then
    kill(watcher)
  end
  if results then
    return hand_on(unpack(results, 1, 4))
  end
  return nil, hand_on(over, reason)
end

---- several at the same time ----

-- nginx lets a thread be killed by its parent alone: what a killed one had gathered goes on, so it is told.
local groups = setmetatable({}, { __mode = "k" }) -- by the thread that waits for one
local orphans = setmetatable({}, { __mode = "k" }) -- threads for which nobody waits any more

--- Whether what the running thread does is of no use any more: it ends at its next sleep or request.
---@return boolean
function threads.is_orphan()
  return orphans[coroutine.running()] == true
end

local function abandon(thread)
  local group = groups[thread]
  for _, child in ipairs(group and group.threads or {}) do
    orphans[child] = true
    abandon(child)
  end
end

--- What a function came to: a result, or why all are to end.
local function settle(group, index, done, result, reason)
  if not done then
    group.failure = group.failure or { raised = true, reason = result }
  elseif result == nil and reason ~= nil then
    group.failure = group.failure or { reason = reason }
  else
    group.results[index] = result
  end
  group.settled[index], group.count = true, group.count + 1
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

--- A thread that ends once the caller has given up.
local function start_watcher(group, cancel)
  return ngx.thread.spawn(function()
    local done, reason = pcall(watch, math.huge, cancel)
    group.failure = group.failure or { raised = not done, reason = done and errors.cancelled() or reason }
  end)
end

--- Forget the threads that have ended; those that have not, and the watcher.
local function sweep(group)
  local alive, waiting = {}, { group.watcher }
  for _, index in ipairs(group.alive) do
    if group.settled[index] then
      kill(group.threads[index])
    else
      alive[#alive + 1] = index
      waiting[#waiting + 1] = group.threads[index]
    end
  end
  group.alive = alive
  return waiting
end

local function await(group, cancel)
  for index in ipairs(group.threads) do
    group.alive[index] = index
  end
  local waiting = sweep(group)
  if cancel and group.alive[1] and not group.failure then
    group.watcher = start_watcher(group, cancel)
    waiting[#waiting + 1] = group.watcher
  end
  local seen
  local function has_ended()
    return group.failure or group.count > seen
  end
  while group.alive[1] and not group.failure do
    seen = group.count
    local lost = wait(waiting, has_ended)
    if lost then
      group.failure = group.failure or { reason = lost }
    end
    waiting = sweep(group)
  end
end

--- Run functions at the same time, until all have ended. What one of them raises, or returns after nil, ends the
--- others.
---@param functions (fun(): any, any)[]
---@param cancel? fun(): any asked ten times a second; true ends all of them
---@return any[]|nil results the first result of each, in their order
---@return any err what a function returned after nil; an error of kind "cancelled"
function threads.gather(functions, cancel)
  local group = { results = {}, settled = {}, count = 0, threads = {}, alive = {} }
  local caller = coroutine.running()
  groups[caller] = group
  start(group, functions)
  await(group, cancel)
  groups[caller] = nil
  for _, index in ipairs(group.alive) do
    abandon(group.threads[index])
    kill(group.threads[index])
  end
  if group.watcher then
    kill(group.watcher)
  end
  if not group.failure then
    return group.results
  elseif group.failure.raised then
    error(group.failure.reason, 0)
  end
  return nil, group.failure.reason
end

return threads
