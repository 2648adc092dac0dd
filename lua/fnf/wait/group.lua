--- Many waits at once: who works them off, and what the caller gets of their ends.
-- SPDX-License-Identifier: MIT

local check = require "fnf.check"
local checkpoint = require "fnf.wait.checkpoint"
local errors = require "fnf.errors"
local others = require "fnf.wait.others"
local poll_queue = require "fnf.wait.poll_queue"
local wait = require "fnf.wait.wait"

local group = {}

local MOST_WORKERS, FEWEST_WORKERS = 32, 4 -- polls in flight at most, and at least for a small quota

---- the group ----

---@class fnf.WaitGroup
---@field context fnf.WaitContext
---@field waits fnf.Wait[] by their place in the list
---@field queue fnf.PollQueue of the waits
---@field others? fnf.Others who may tell of the ends
---@field told? table<integer, boolean> places whose end `on_end` was told
---@field runs (table|false)[] final descriptions by their place in the list; false: it could not be found out
---@field failures table<integer, fnf.Error>
---@field ended integer[] places in the order of their ends
local WaitGroup = {}
WaitGroup.__index = WaitGroup

---@class fnf.RunWaitOptions: fnf.WaitOptions
---@field stall_after? number seconds without an item that started or ended, after which the wait gives up
---@field fail_fast? boolean return the run, still Running, once more items failed than it tolerates
---@field last_step? boolean the MapRun is the last step of its execution: poll it less often while that is held
---@field others? boolean false: ask for nothing but the MapRun itself (true; false with a `transport` of the caller's)

---@class fnf.WaitsOptions: fnf.RunWaitOptions
---@field any? boolean return when the first has ended
---@field each? boolean return an iterator over the ends
---@field on_end? fun(place: integer, how: fnf.EndKnown) called once for each as soon as its end is known, which may be
---  before it is described

---@alias fnf.EndKnown
---| "described" # its own description is final, or one of `until_status`
---| "execution" # its execution has ended
---| "history" # the history of its execution tells that its step is over
---| "list" # its execution is no longer listed as running

--- Options of a wait for a MapRun: those of any wait, and what is about its items or others.
---@type table<string, fnf.Row>
group.of_one = { stall_after = { type = "seconds" }, fail_fast = { type = "boolean" },
  last_step = { type = "boolean" }, others = { type = "boolean" } }

--- Options of a wait for many: three more.
---@type table<string, fnf.Row>
group.options = { any = { type = "boolean" }, each = { type = "boolean" }, on_end = { type = "function" } }

for name, row in pairs(wait.options) do
  group.of_one[name] = row
end
for name, row in pairs(group.of_one) do
  group.options[name] = row
end

--- The first problem about a list of parameters, or nil.
local function validate_list(list, rows)
  if type(list) ~= "table" then
    return "a list of parameters expected, got " .. type(list)
  end
  for key in pairs(list) do
    if type(key) ~= "number" then
      return "a list of parameters expected, got a table with the key " .. tostring(key)
    end
  end
  if not check.is_list(list) then
    return "a list of parameters expected, got one with holes"
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
---@param row fnf.Operation that is polled
---@return string|nil
function group.validate(list, options, row)
  return validate_list(list, row.parameters) or wait.validate(options, row)
    or options.any and options.each and "options any and each exclude each other" or nil
end

--- Tell that one is over, once.
local function tell_end(self, one, how)
  local on_end = self.context.options.on_end
  if on_end and not self.told[one.place] then
    self.told[one.place] = true
    on_end(one.place, how)
  end
end

local function settle(self, one, run, err)
  self.runs[one.place], self.failures[one.place] = run or false, err
  self.ended[#self.ended + 1] = one.place
  self.context.open = self.context.open - 1
  if self.others then
    self.others:release(one, run and true or false)
  end
  if run then
    tell_end(self, one, "described")
  end
end

--- Put those that have not been polled where the quota as it is now has them polled, if that is sooner.
local function spread(self, list, first)
  local limiter = self.context.rate_limiter
  for place, one in ipairs(list) do
    local due = first + (limiter and limiter:first_poll(place) or 0)
    if one.polls == 0 and one.at and due < one.at then
      self.queue:put(due, one)
    end
  end
end

---@param context fnf.WaitContext
---@param list fnf.Wait[]
---@return fnf.WaitGroup
function group.new(context, list)
  local self = setmetatable({ context = context, runs = {}, failures = {}, ended = {}, told = {} }, WaitGroup)
  self.queue = poll_queue.new(context, function(one, run, err)
    settle(self, one, run, err)
  end)
  local first = context.started + (context.options.initial_delay or 0)
  self.waits, context.open, context.first = list, #list, first
  if context.answers then
    context.answers:join(list)
  end
  for place, one in ipairs(list) do
    one.place = place
    self.queue:put(first + (context.rate_limiter and context.rate_limiter:first_poll(place) or 0), one)
  end
  function context.plan_anew()
    spread(self, list, first)
  end
  self.others = others.of(context, list, self.runs, first, function(one, how)
    tell_end(self, one, how)
    self.queue:poll_now(one)
  end)
  self.queue.wakeable, context.others = self.others ~= nil, self.others
  return self
end

---- working it off ----

local function worker_count(rate_limiter)
  local useful = rate_limiter and math.max(FEWEST_WORKERS, rate_limiter.burst, rate_limiter.rate) or MOST_WORKERS
  return math.min(MOST_WORKERS, math.ceil(useful))
end

--- Have all workers work; false if they were ended, or why they may not.
local function run_workers(self, halt)
  local gather, tasks = self.context.platform.gather, {}
  if not gather then -- one poll after the other
    return self.queue:work(halt)
  end
  self.queue:add_workers(worker_count(self.context.rate_limiter), halt, tasks)
  if self.others then
    self.others:add_workers(halt, tasks)
  end
  local results, refusal = gather(tasks)
  return results ~= nil, refusal
end

local function cancel_all(self, refusal)
  for one in self.queue:drain() do
    local _, run, err = one:give_up(errors.is(refusal)
      and errors.new { kind = refusal.kind, message = refusal.message, sent = refusal.sent } or errors.cancelled())
    settle(self, one, run, err)
  end
end

--- Work until all waits have ended, or `enough` says so.
---@param enough? fun(): boolean
function WaitGroup:work(enough)
  local cancel, context = self.context.options.cancel, self.context
  local halt = cancel
  if enough or self.others then
    function halt()
      return context.open == 0 or enough and enough() or cancel and cancel()
    end
  end
  local worked, refusal = run_workers(self, halt)
  if not worked or cancel and cancel() then
    cancel_all(self, refusal)
  end
end

--- Weigh no more on the rate limiter.
function WaitGroup:leave()
  self.context.open = 0
  if self.context.answers then
    local left = {}
    for place, one in ipairs(self.waits) do
      left[#left + 1] = not self.runs[place] and one or nil
    end
    self.context.answers:leave(left)
  end
  if self.others then
    self.others:leave()
  end
end

--- Each end as it comes: place, run, error.
local function iterate(self)
  local given = 0
  return function()
    given = given + 1
    if not self.ended[given] and self.context.open > 0 then
      self:work(function()
        return self.ended[given] ~= nil
      end)
    end
    local place = self.ended[given]
    if place then
      return place, self.runs[place] or nil, self.failures[place]
    end
    self:leave()
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
function group.run(client, row, list, options)
  local context, all = wait.context(client, row, options), {}
  for place, params in ipairs(list) do
    all[place] = wait.new(context, params)
  end
  local waits = group.new(context, all)
  if options.each then
    return iterate(waits)
  elseif options.any then
    local place, run, err = iterate(waits)()
    waits:leave()
    return place, run, err
  end
  waits:work()
  waits:leave()
  return waits.runs, next(waits.failures) and waits.failures or nil
end

---- one ----

-- Lua 5.1 cannot yield inside pcall, so there an `on_progress` that calls the service would raise in a task: who wants
-- others to be asked says so.
local YIELDS = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil

local function finish(one)
  local options = one.context.options
  if not (options.last_step or options.others or options.others == nil and YIELDS) then
    return one:finish()
  end
  local waits = group.new(one.context, { one })
  waits:work()
  waits:leave()
  return waits.runs[1] or nil, waits.failures[1]
end

--- Wait for one.
---@param client fnf.Client
---@param row fnf.Operation
---@param params table checked
---@param options fnf.RunWaitOptions checked
---@return table|nil run the final description
---@return fnf.Error|nil
function group.one(client, row, params, options)
  return finish(wait.new(wait.context(client, row, options), params))
end

--- Go on with the wait that a checkpoint tells of.
---@param client fnf.Client
---@param row fnf.Operation
---@param text string what `wait:checkpoint()` gave, here or in another process
---@param options fnf.RunWaitOptions checked
---@return table|nil run the final description
---@return fnf.Error|nil kind "protocol" for a checkpoint that is damaged or not of this client's host
function group.resume(client, row, text, options)
  local found, err = checkpoint.read(wait.context(client, row, options), text)
  if not found then
    return nil, err
  end
  return finish(found)
end

return group
