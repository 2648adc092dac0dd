--- Many waits at once, and how they end.
-- SPDX-License-Identifier: MIT

local check = require "fnf.check"
local errors = require "fnf.errors"
local line = require "fnf.wait.line"
local parents = require "fnf.wait.parent_execution"
local token = require "fnf.wait.checkpoint"
local wait = require "fnf.wait.wait"
local waiter = require "fnf.wait.waiter"

local waits = {}

local MOST_WORKERS, FEWEST_WORKERS = 32, 4 -- looks in flight at most, and at least for a small quota

---@class fnf.Board
---@field context fnf.WaitContext
---@field line fnf.Line
---@field parents? fnf.Parents
---@field runs (table|false)[] final descriptions by their place in the list; false: it could not be found out
---@field failures table<integer, fnf.Error>
---@field ended integer[] places in the order of their ends
local Board = {}
Board.__index = Board

---@class fnf.RunWaitOptions: fnf.WaitOptions
---@field last_step? boolean the MapRun is the last step of its execution, whose end then announces its own

---@class fnf.WaitsOptions: fnf.RunWaitOptions
---@field any? boolean return when the first has ended
---@field each? boolean return an iterator over the ends

--- Options of a wait for a MapRun: those of any wait, and one.
---@type table<string, fnf.Row>
waits.of_one = { last_step = { type = "boolean" } }

--- Options of a wait for many: two more.
---@type table<string, fnf.Row>
waits.options = { any = { type = "boolean" }, each = { type = "boolean" }, last_step = waits.of_one.last_step }

for name, row in pairs(waiter.options) do
  waits.of_one[name], waits.options[name] = row, row
end

--- The first problem about a list of parameters, or nil.
local function validate_list(list, rows)
  if type(list) ~= "table" then
    return "a list of parameters expected, got " .. type(list)
  end
  for key in pairs(list) do
    if type(key) ~= "number" or key < 1 or key > #list then
      return "a list of parameters expected, got a table with the key " .. tostring(key)
    end
  end
  for place, params in ipairs(list) do
    local problem = check.table(params, rows, "parameter")
    if problem then
      return ("entry %d: %s"):format(place, problem)
    end
  end
end

--- What is wrong with a list of parameters or the options beyond the type of each, or nil.
---@param list any
---@param options fnf.WaitsOptions
---@param rows table<string, fnf.Row> of each entry of the list
---@return string|nil
function waits.validate(list, options, rows)
  return validate_list(list, rows) or waiter.validate(options)
    or options.any and options.each and "options any and each exclude each other" or nil
end

local function settle(self, one, run, err)
  self.runs[one.place], self.failures[one.place] = run or false, err
  self.ended[#self.ended + 1] = one.place
  self.context.open = self.context.open - 1
  if one.parent then
    one.parent:release(one)
  end
end

--- The executions' ends are to announce those of the runs.
local function watch_parents(self, list, first)
  self.parents = parents.new(self.context, list, first, function(one)
    self.line:hurry(one)
  end)
  self.line.restless = self.parents ~= nil
end

---@param context fnf.WaitContext
---@param list fnf.Wait[]
---@return fnf.Board
function waits.new(context, list)
  local self = setmetatable({ context = context, runs = {}, failures = {}, ended = {} }, Board)
  self.line = line.new(context, function(one, run, err)
    settle(self, one, run, err)
  end)
  local first = context.started + (context.options.initial_delay or 0)
  for place, one in ipairs(list) do
    one.place = place
    self.line:put(first + (context.rate_limiter and context.rate_limiter:first_look(place) or 0), one)
  end
  context.open = #list
  if context.options.last_step and context.platform.gather then
    watch_parents(self, list, first)
  end
  return self
end

---- working it off ----

local function worker_count(rate_limiter)
  local useful = rate_limiter and math.max(FEWEST_WORKERS, rate_limiter.burst, rate_limiter.rate) or MOST_WORKERS
  return math.min(MOST_WORKERS, math.ceil(useful))
end

--- Have all workers work; false if they were ended.
local function employ(self, halt)
  local gather, tasks = self.context.platform.gather, {}
  if not gather then -- one look after the other
    return self.line:work(halt)
  end
  self.line:staff(worker_count(self.context.rate_limiter), halt, tasks)
  if self.parents then
    self.parents:staff(halt, tasks)
  end
  return gather(tasks) ~= nil
end

local function cancel_all(self)
  local one = self.line:take()
  while one do
    local _, run, err = one:give_up(errors.cancelled())
    settle(self, one, run, err)
    one = self.line:take()
  end
end

--- Work until all waits have ended, or `enough` says so.
---@param enough? fun(): boolean
function Board:work(enough)
  local cancel, context = self.context.options.cancel, self.context
  local halt = cancel
  if enough or self.parents then
    function halt()
      return context.open == 0 or enough and enough() or cancel and cancel()
    end
  end
  if not employ(self, halt) or cancel and cancel() then
    cancel_all(self)
  end
end

--- Weigh no more on the rate limiter.
function Board:leave()
  self.context.open = 0
  if self.parents then
    self.parents.context.open = 0
  end
end

--- Each end as it comes: place, run, error.
local function iterate(self)
  local told = 0
  return function()
    told = told + 1
    if not self.ended[told] and self.context.open > 0 then
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
  local context, all = waiter.context(client, row, options), {}
  for place, params in ipairs(list) do
    all[place] = wait.new(context, params)
  end
  local board = waits.new(context, all)
  if options.each then
    return iterate(board)
  elseif options.any then
    local place, run, err = iterate(board)()
    board:leave()
    return place, run, err
  end
  board:work()
  board:leave()
  return board.runs, next(board.failures) and board.failures or nil
end

---- one ----

local function finish(one)
  if not one.context.options.last_step then
    return one:finish()
  end
  local board = waits.new(one.context, { one })
  board:work()
  board:leave()
  return board.runs[1] or nil, board.failures[1]
end

--- Wait for one.
---@param client fnf.Client
---@param row fnf.Operation
---@param params table checked
---@param options fnf.RunWaitOptions checked
---@return table|nil run the final description
---@return fnf.Error|nil
function waits.one(client, row, params, options)
  return finish(wait.new(waiter.context(client, row, options), params))
end

--- Go on with the wait that a token tells of.
---@param client fnf.Client
---@param row fnf.Operation
---@param text string what `wait:token()` gave, here or in another process
---@param options fnf.RunWaitOptions checked
---@return table|nil run the final description
---@return fnf.Error|nil kind "protocol" for a token that is damaged or not of this client's host
function waits.resume(client, row, text, options)
  local found, err = token.read(waiter.context(client, row, options), text)
  if not found then
    return nil, err
  end
  return finish(found)
end

return waits
