--- Transfers that tasks wait for, by connection pool.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local schedule = require "fnf.platform.schedule"

local flights = {}

local SLICE = 0.1 -- seconds between two questions to a `cancel`
local MOST = 128 -- transfers of one pool at once; more would only wait in libcurl, with a handle each
local CLOSED = "the client was closed"

local unpack = rawget(_G, "unpack") or rawget(table, "unpack")

---@class fnf.Flight what is on its way over one pool
---@field count integer
---@field tasks table<integer, fnf.Task> by the number of the transfer
---@field line table tasks that wait for a place, in their order
---@field first integer
---@field last integer
---@field closed? boolean

---@type table<userdata, fnf.Flight>
local all = {}

local function flight_of(pool)
  local flight = all[pool]
  if not flight then
    flight = { count = 0, tasks = {}, line = {}, first = 1, last = 0 }
    all[pool] = flight
  end
  return flight
end

--- A place is free: wake the first in line that still wants one. Nobody does and nothing flies: forget it all.
local function call_next(pool, flight)
  while flight.first <= flight.last do
    local place = flight.line[flight.first]
    flight.line[flight.first] = nil
    flight.first = flight.first + 1
    if place.task then
      return schedule.wake(place.task)
    end
  end
  if flight.count == 0 and all[pool] == flight then
    all[pool] = nil
  end
end

--- A transfer is over.
local function leave(pool, flight, id)
  flight.tasks[id] = nil
  flight.count = flight.count - 1
  call_next(pool, flight)
end

--- Stand in line until the pool has a place. False if cancelled; who was called all the same lets another go.
local function take_place(task, pool, flight, cancel)
  while flight.count >= MOST and not flight.closed do
    local place = { task = task }
    flight.last = flight.last + 1
    flight.line[flight.last] = place
    schedule.park(task, cancel and core.now() + SLICE)
    place.task = nil
    if schedule.is_told(task) or cancel and cancel() then
      call_next(pool, flight)
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
function flights.send(task, pool, request, cancel)
  if schedule.is_told(task) then
    return false
  end
  local flight = flight_of(pool)
  if not take_place(task, pool, flight, cancel) then
    return false
  elseif flight.closed then
    return nil, "network", CLOSED, false
  end
  flight = flight_of(pool) -- all that flew may have landed, and others have begun anew, on the way from the line
  local id, reason, message = pool:start(request)
  if not id then
    call_next(pool, flight)
    return nil, reason, message, false
  end
  flight.tasks[id], flight.count = task, flight.count + 1
  while true do
    local arrived, status, a, b, sent = schedule.park(task, cancel and core.now() + SLICE)
    if arrived then
      return status, a, b, sent
    elseif schedule.is_told(task) or cancel and cancel() then
      pool:cancel(id)
      leave(pool, flight, id)
      return false
    end
  end
end

--- Hand a transfer that has ended to the task that waits for it.
---@param pool userdata
---@param id integer|nil as `pool:take` gives it, and what follows
---@return integer|nil id
function flights.deliver(pool, id, ...)
  local flight = all[pool]
  local task = flight and flight.tasks[id]
  if task then
    leave(pool, flight, id)
    schedule.resume(task, true, ...)
  end
  return id
end

--- Work on the transfers for at most that long, and hand over what has ended.
---@param seconds number
function flights.wait(seconds)
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
    while all[pool] and flights.deliver(pool, pool:take()) do end
  end
end

--- A pool is about to be closed: its transfers end with that as their failure.
---@param pool userdata
function flights.forsake(pool)
  local flight = all[pool]
  if flight then
    local flying = flight.tasks
    all[pool], flight.tasks, flight.closed = nil, {}, true
    for _, task in pairs(flying) do
      schedule.resume(task, true, nil, "network", CLOSED, true)
    end
    for at = flight.first, flight.last do
      schedule.wake(flight.line[at].task)
    end
  end
end

--- End everything: nobody will ask for it.
function flights.abandon()
  for pool, flight in pairs(all) do
    for id in pairs(flight.tasks) do
      pool:cancel(id)
    end
  end
  all = {}
end

return flights
