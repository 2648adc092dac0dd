--- Many waits at once: a board of looks that are due, worked off by a few tasks.
-- SPDX-License-Identifier: MIT
--
-- A wait is a small record, not a coroutine. A worker takes the one that is due first, sleeps until then, looks, and
-- puts it back with its next time; so what the workers hold is always due before what lies on the board.

local check = require "fnf.check"
local errors = require "fnf.errors"
local queue = require "fnf.queue"
local wait = require "fnf.wait"
local waiter = require "fnf.waiter"

local waits = {}

local MOST_WORKERS, FEWEST_WORKERS = 32, 4 -- looks in flight at most, and at least for a small quota

---@class fnf.Board
---@field errand fnf.Errand
---@field due fnf.Queue of fnf.Wait
---@field runs (table|false)[] final descriptions by their place in the list; false: it could not be found out
---@field failures table<integer, fnf.Error>
---@field ended integer[] places in the order of their ends
---@field open integer waits that have not ended
local Board = {}
Board.__index = Board

---@class fnf.WaitsOptions: fnf.WaitOptions
---@field any? boolean return when the first has ended
---@field each? boolean return an iterator over the ends

--- Options of a wait for many: those of a wait, and two.
---@type table<string, fnf.Row>
waits.options = { any = { type = "boolean" }, each = { type = "boolean" } }
for name, row in pairs(waiter.options) do
  waits.options[name] = row
end

--- The first complaint about a list of parameters, or nil.
local function refuse_list(list, rows)
  if type(list) ~= "table" then
    return "a list of parameters expected, got " .. type(list)
  end
  for key in pairs(list) do
    if type(key) ~= "number" or key < 1 or key > #list then
      return "a list of parameters expected, got a table with the key " .. tostring(key)
    end
  end
  for place, params in ipairs(list) do
    local complaint = check.table(params, rows, "parameter")
    if complaint then
      return ("entry %d: %s"):format(place, complaint)
    end
  end
end

--- What is wrong with a list of parameters or the options beyond the type of each, or nil.
---@param list any
---@param options fnf.WaitsOptions
---@param rows table<string, fnf.Row> of each entry of the list
---@return string|nil
function waits.refuse(list, options, rows)
  return refuse_list(list, rows) or waiter.refuse(options)
    or options.any and options.each and "options any and each exclude each other" or nil
end

---@param client fnf.Client
---@param row fnf.Operation
---@param list table[] checked
---@param options table checked
---@return fnf.Board
function waits.new(client, row, list, options)
  local errand = waiter.errand(client, row, options)
  local self = setmetatable({ errand = errand, due = queue.new(), runs = {}, failures = {}, ended = {}, open = #list },
    Board)
  local first = errand.started + (options.initial_delay or 0)
  for place, params in ipairs(list) do
    local one = wait.new(errand, params)
    one.place = place
    self.due:put(first + (errand.pace and errand.pace:first_look(place) or 0), one)
  end
  errand.open = #list
  return self
end

local function settle(self, one, run, err)
  self.runs[one.place], self.failures[one.place] = run or false, err
  self.ended[#self.ended + 1] = one.place
  self.open = self.open - 1
  self.errand.open = self.open
end

--- Sleep until a wait is due. False if the work is to stop.
local function sleep_until(self, due, halt)
  local errand = self.errand
  local now = errand.platform.now()
  local delay = math.min(due, errand.deadline or due) - now
  return delay <= 0 or errand.platform.sleep(delay, halt)
end

--- Look at what is due, one after the other, until nothing is left or `halt` says so.
local function work(self, halt)
  while not (halt and halt()) do
    local one, due = self.due:take()
    if not one then
      return true
    elseif not sleep_until(self, due, halt) then
      self.due:put(due, one)
      return true
    end
    local ended, run, err = one:step()
    if ended then
      settle(self, one, run, err)
    else
      self.due:put(self.errand.platform.now() + run, one)
    end
  end
  return true
end

local function worker_count(self)
  local pace = self.errand.pace
  local useful = pace and math.max(FEWEST_WORKERS, pace.burst, pace.rate) or MOST_WORKERS
  return math.min(self.due.size, MOST_WORKERS, math.ceil(useful))
end

local function cancel_all(self)
  local one = self.due:take()
  while one do
    local _, run, err = one:give_up(errors.cancelled())
    settle(self, one, run, err)
    one = self.due:take()
  end
end

--- Work until all waits have ended, or `enough` says so.
---@param enough? fun(): boolean
function Board:work(enough)
  local cancel = self.errand.options.cancel
  local halt = cancel
  if enough then
    function halt()
      return enough() or cancel and cancel()
    end
  end
  local gather = self.errand.platform.gather
  local workers, err = {}, nil
  for i = 1, gather and worker_count(self) or 0 do
    workers[i] = function()
      return work(self, halt)
    end
  end
  if gather then
    err = select(2, gather(workers))
  else -- one look after the other
    work(self, halt)
  end
  if err or cancel and cancel() then
    cancel_all(self)
  end
end

--- Each end as it comes: place, run, error.
local function iterate(self)
  local told = 0
  return function()
    told = told + 1
    if not self.ended[told] and self.open > 0 then
      self:work(function()
        return self.ended[told] ~= nil
      end)
    end
    local place = self.ended[told]
    if place then
      return place, self.runs[place] or nil, self.failures[place]
    end
  end
end

--- Wait for all; for the first; or get an iterator over the ends.
---@param client fnf.Client
---@param row fnf.Operation
---@param list table[] checked
---@param options table checked
---@return table|function|integer|nil
---@return any
---@return any
function waits.run(client, row, list, options)
  local board = waits.new(client, row, list, options)
  if options.each then
    return iterate(board)
  elseif options.any then
    return iterate(board)()
  end
  board:work()
  return board.runs, next(board.failures) and board.failures or nil
end

return waits
