--- Functions at the same time, in light threads of one request or timer.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local semaphore = require "ngx.semaphore"

local SLICE = 0.1 -- seconds between two looks at `cancel`
local LONG = 3600 -- the same without one

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
    group.ended:wait(cancel and SLICE or LONG)
    if not group.failure and cancel and cancel() then
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
return function(functions, cancel)
  local group = { ended = semaphore.new(), results = {}, threads = {}, alive = #functions }
  start(group, functions)
  local done, reason = pcall(await, group, cancel)
  if not done then
    group.failure = { raised = true, reason = reason }
  elseif not group.failure then
    return group.results
  end
  for _, thread in ipairs(group.threads) do
    ngx.thread.kill(thread) -- those that have ended do not mind
  end
  if group.failure.raised then
    error(group.failure.reason, 0)
  end
  return nil, group.failure.reason
end
