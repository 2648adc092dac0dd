--- Transfers that tasks wait for, by connection pool.
-- SPDX-License-Identifier: MIT

local cancellable = require "fnf.platform.cancellable"
local core = require "fnf.core"
local scheduler = require "fnf.platform.scheduler"

local transfers = {}

local MOST = 128 -- transfers of one pool at once; more would only wait in libcurl, with a handle each
local CLOSED = "the client was closed"
local PLACES = 65536 -- a transfer's number modulo it is a place that no other has meanwhile (csrc/lua_curl.c)

local unpack = rawget(_G, "unpack") or rawget(table, "unpack")

---@class fnf.PoolTransfers the transfers of one pool
---@field count integer
---@field tasks table<integer, fnf.Task> by the place of the transfer: ever new numbers would be ever new keys
---@field waiting table tasks that wait for a place, in their order
---@field first integer
---@field last integer
---@field closed? boolean

---@type table<userdata, fnf.PoolTransfers>
local all = {}

local function transfers_of(pool)
  local of_pool = all[pool]
  if not of_pool then
    of_pool = { count = 0, tasks = {}, waiting = {}, first = 1, last = 0 }
    all[pool] = of_pool
  end
  return of_pool
end

--- A place is free: wake the first that waits and still wants one. Nobody does and nothing is under way: forget it all.
local function call_next(pool, of_pool)
  while of_pool.first <= of_pool.last do
    local place = of_pool.waiting[of_pool.first]
    of_pool.waiting[of_pool.first] = nil
    of_pool.first = of_pool.first + 1
    if place.task then
      return scheduler.wake(place.task)
    end
  end
  if of_pool.count == 0 and all[pool] == of_pool then
    all[pool] = nil
  end
end

--- A transfer is over.
local function leave(pool, of_pool, id)
  of_pool.tasks[id % PLACES] = nil
  of_pool.count = of_pool.count - 1
  call_next(pool, of_pool)
end

--- Wait until the pool has a place. False if cancelled; who was called all the same lets another go.
local function take_place(task, pool, of_pool, cancel)
  while of_pool.count >= MOST and not of_pool.closed do
    local place = { task = task }
    of_pool.last = of_pool.last + 1
    of_pool.waiting[of_pool.last] = place
    scheduler.park(task, cancel and core.now() + cancellable.SLICE)
    place.task = nil
    if scheduler.is_cancelled(task) or cancel and cancel() then
      call_next(pool, of_pool)
      return false
    end
  end
  return true
end

--- Send a request in a task, and wait for what comes of it.
---@param task fnf.Task the running one
---@param pool userdata of fnf.curl
---@param request fnf.Request
---@param cancel? fun(): any
---@return integer|false|nil status what `pool:take` gives after the number; false if cancelled
---@return string|nil headers
---@return string|nil body
---@return boolean|nil sent
function transfers.send(task, pool, request, cancel)
  if scheduler.is_cancelled(task) then
    return false
  end
  local of_pool = transfers_of(pool)
  if not take_place(task, pool, of_pool, cancel) then
    return false
  elseif of_pool.closed then
    return nil, "network", CLOSED, false
  end
  of_pool = transfers_of(pool) -- all may have ended, and others have begun anew, while it waited
  local id, reason, message = pool:start(request)
  if not id then
    call_next(pool, of_pool)
    return nil, reason, message, false
  end
  of_pool.tasks[id % PLACES], of_pool.count, task.transfer = task, of_pool.count + 1, id
  while true do
    local arrived, status, a, b, sent = scheduler.park(task, cancel and core.now() + cancellable.SLICE)
    if arrived then
      return status, a, b, sent
    elseif scheduler.is_cancelled(task) or cancel and cancel() then
      pool:cancel(id)
      leave(pool, of_pool, id)
      return false
    end
  end
end

--- Hand a transfer that has ended to the task that waits for it.
---@param pool userdata
---@param id integer|nil as `pool:take` gives it, and what follows
---@return integer|nil id
function transfers.deliver(pool, id, ...)
  local of_pool = all[pool]
  local task = id and of_pool and of_pool.tasks[id % PLACES]
  if task then
    leave(pool, of_pool, id)
    scheduler.resume(task, true, ...)
  end
  return id
end

--- Work on the transfers for at most that long, and hand over what has ended.
---@param seconds number
function transfers.wait(seconds)
  local pools = {}
  for pool in pairs(all) do
    pools[#pools + 1] = pool
  end
  if not pools[1] then
    return core.sleep(seconds)
  elseif pools[2] then
    pools[1]:wait(seconds, unpack(pools, 2))
  else
    pools[1]:wait(seconds)
  end
  for _, pool in ipairs(pools) do
    while all[pool] and transfers.deliver(pool, pool:take()) do end
  end
end

--- A pool is about to be closed: its transfers end with that as their failure.
---@param pool userdata
function transfers.close_pool(pool)
  local of_pool = all[pool]
  if of_pool then
    local under_way = of_pool.tasks
    all[pool], of_pool.tasks, of_pool.closed = nil, {}, true
    for _, task in pairs(under_way) do
      scheduler.resume(task, true, nil, "network", CLOSED, true)
    end
    for at = of_pool.first, of_pool.last do
      scheduler.wake(of_pool.waiting[at].task)
    end
  end
end

--- End everything: nobody will ask for it.
function transfers.abandon()
  for pool, of_pool in pairs(all) do
    for _, task in pairs(of_pool.tasks) do
      pool:cancel(task.transfer)
    end
  end
  all = {}
end

scheduler.io = transfers

return transfers
