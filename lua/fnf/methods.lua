--- Every public method by name: what it takes, and what it does once that is right.
-- SPDX-License-Identifier: MIT
--
-- `client:name(params, options)` and `fnf.name(params, options)` are made of the same rows. Misuse raises at the line
-- of the caller; whatever the world does comes back as nil and an error object.

local check = require "fnf.check"
local client = require "fnf.client"
local core = require "fnf.core"
local errors = require "fnf.errors"
local operations = require "fnf.operations"

local methods = {}

--- Rows for the second argument of every call.
---@type table<string, fnf.Row>
methods.call_options = {
  timeout = { type = "seconds" },
  attempt_timeout = { type = "seconds", maximum = 86400 },
  max_attempts = { type = "integer", minimum = 1, maximum = 100 },
  cancel = { type = "function" },
  traceparent = { type = "traceparent" },
}

--- The options of every call, and these.
local function with_call_options(rows)
  local all = {}
  for _, some in ipairs { methods.call_options, rows } do
    for name, row in pairs(some) do
      all[name] = row
    end
  end
  return all
end

---@class fnf.Method
---@field parameters? table<string, fnf.Row> rows of the first argument; none: it is left to `validate`
---@field options table<string, fnf.Row> rows of the second
---@field validate? fun(params: any, options: table, action?: any): string|nil beyond the type of each entry
---@field run fun(self: fnf.Client, params: table, options: table, action?: string): any, any
---@field fail? fun(err: fnf.Error, options: any): any, any how it tells an error from before it runs; none: nil, err
---@field is_given? boolean the first argument is no table of parameters, and never left out
---@field is_lazy? boolean it is made at its first use, by `methods.make`, and was not used yet
---@field of_action? boolean an operation's name comes before the parameters
---@field package words? table<string, boolean> see `is_certain`
---@field package required? integer

--- A row that is made when it is first looked at, with the modules that a plain call does not need: half of all there
--- are.
---@param make fun(): fnf.Method
---@param fail? fun(err: fnf.Error, options: any): any as that of a row
---@return fnf.Method
local function at_first_use(make, fail)
  return setmetatable({ fail = fail, is_lazy = true }, { __index = function(row, field)
    local made = make()
    require "fnf.call.rate_limiter" -- now, or the first poll of a wait would read it
    setmetatable(row, nil).is_lazy = nil
    for name, value in pairs(made) do
      row[name] = value
    end
    return row[field]
  end })
end

--- Iterators raise an error as it is.
local function raise(err)
  error(err, 0)
end

--- The rows of a wait for a MapRun, or for several.
local function of_waits(make, fail)
  return at_first_use(function()
    return make(require "fnf.wait.group", require "fnf.wait.wait", operations.describe_map_run)
  end, fail)
end

---@type table<string, fnf.Method>
methods.rows = {
  -- Wait until a MapRun has ended: its last description, or nil and what kept us from finding out.
  wait_map_run = of_waits(function(group, wait, operation)
    return {
      parameters = operation.parameters,
      options = group.of_one,
      validate = function(_, options)
        return wait.validate(options, operation)
      end,
      run = function(self, params, options)
        return group.one(self, operation, params, options)
      end,
    }
  end),

  -- client:wait_map_runs({ {...}, {...} }, options): wait for all; any = true: for the first to end, whose place
  -- comes before its description; each = true: an iterator over place and description of each as it ends.
  wait_map_runs = of_waits(function(group, _, operation)
    return {
      is_given = true,
      options = group.options,
      validate = function(list, options)
        return group.validate(list, options, operation)
      end,
      run = function(self, list, options)
        return group.run(self, operation, list, options)
      end,
    }
  end, function(err, options)
    if type(options) == "table" and options.each then
      raise(err)
    end
    return nil, err
  end),

  -- client:resume(checkpoint, options): go on with the wait for a MapRun that gave it, maybe in another process.
  resume = of_waits(function(group, wait, operation)
    return {
      is_given = true,
      options = group.of_one,
      validate = function(text, options)
        return type(text) ~= "string" and "a checkpoint expected, got " .. type(text)
          or wait.validate(options, operation)
      end,
      run = function(self, text, options)
        return group.resume(self, operation, text, options)
      end,
    }
  end),

  -- Wait until an execution has ended, by polls that the service holds open (WaitTimeSeconds, 30 unless given).
  wait_execution = at_first_use(function()
    local wait = require "fnf.wait.wait"
    require "fnf.wait.checkpoint" -- which says that a wait like this has none
    return {
      parameters = operations.describe_execution.parameters,
      options = wait.options,
      validate = function(_, options)
        return wait.validate(options, operations.describe_execution)
      end,
      run = function(self, params, options)
        return wait.run(self, operations.describe_execution, params, options)
      end,
    }
  end),

  -- for map_run in client:map_runs{ FlowName = ..., ExecutionName = ... } do: those started so far, out of the history.
  map_runs = at_first_use(function()
    return { parameters = operations.get_execution_history.parameters, options = methods.call_options,
      run = require("fnf.execution.map_runs").each }
  end, raise),

  -- for child in client:map_run_children({ FlowName = ..., MapRunName = ..., Status = "Failed" }, { causes = true }) do
  map_run_children = at_first_use(function()
    local children = require "fnf.execution.children"
    return { parameters = children.parameters, options = with_call_options(children.options), run = children.each }
  end, raise),

  -- Which errors the failed items of a MapRun ended with, with examples; tostring() of it is a text of a screen.
  explain_map_run = at_first_use(function()
    local explain = require "fnf.execution.explain"
    return { parameters = operations.describe_map_run.parameters, options = with_call_options(explain.options),
      run = explain.run }
  end),

  -- A new execution of the flow with the items of a MapRun that failed.
  run_again = at_first_use(function()
    local run_again = require "fnf.execution.run_again"
    return { parameters = run_again.parameters, options = with_call_options(run_again.options),
      validate = run_again.validate, run = run_again.run }
  end),

  -- client:run{ FlowName = ..., Input = ..., on_progress = ... }: start, find the MapRuns, stay until all has ended.
  run = at_first_use(function()
    local run = require "fnf.execution.run"
    return { parameters = run.parameters, options = run.options, run = run.run }
  end),

  -- client:call(action, params, options): an operation that is newer than these rows, parameters unchecked.
  call = at_first_use(function()
    local unlisted = require "fnf.call.unlisted"
    return { of_action = true, options = with_call_options(unlisted.options), validate = unlisted.validate,
      run = unlisted.run }
  end),

  -- client:pages(action, params, options): a function that returns the pages of a list one by one, or nil and an error.
  pages = at_first_use(function()
    local pages = require "fnf.call.pages"
    return {
      of_action = true,
      options = methods.call_options,
      validate = pages.validate,
      run = function(self, params, options, action)
        return pages.each(self, assert(pages.find(action)), params, options)
      end,
    }
  end, function(err)
    return function() return nil, err end
  end),
}

--- A module that is read now, or nil and why it cannot be.
local function load(name)
  local loaded, module = pcall(require, name)
  if loaded then
    return module
  end
  return nil, errors.not_loaded(module)
end

--- Operations that take more than a request.
local MORE = {
  start_execution = function(...)
    local start, err = load "fnf.execution.start"
    if not start then
      return nil, err
    end
    return start.run(...)
  end,
}

for name, row in pairs(operations) do
  methods.rows[name] = {
    parameters = row.parameters,
    options = methods.call_options,
    run = MORE[name] or function(self, params, options)
      local result, err = self:perform(row, params, options)
      return result, err
    end,
  }
  if row.each then -- for flow in client:flows(params, options) do: entries of all pages; an error is raised as it is
    methods.rows[row.each] = {
      parameters = row.parameters,
      options = methods.call_options,
      fail = raise,
      run = function(self, params, options)
        local pages, err = load "fnf.call.pages"
        return (pages or raise(err)).items(self, row, params, options)
      end,
    }
  end
end

--- Make every row, and load what is behind it.
function methods.load()
  for _, row in pairs(methods.rows) do
    assert(row.run)
  end
  require "fnf.execution.start"
end

--- Make a row that is lazy; or nil and why that cannot be now.
---@param method fnf.Method
---@return fnf.Method|nil
---@return fnf.Error|nil err
function methods.make(method)
  local made, reason = pcall(function() return method.run end)
  if made then
    return method
  end
  return nil, errors.not_loaded(reason)
end

--- End a call by an error from before it ran.
---@param method fnf.Method
---@param err fnf.Error
---@param options any the call's
---@return any, any
function methods.fail(method, err, options)
  local fail = rawget(method, "fail")
  if fail then
    return fail(err, options)
  end
  return nil, err
end

local NOTHING = {}

--- A caller's arguments in one order: parameters, options, and the action of a method that takes one. Parameters may be
--- left out where none is required.
---@param method fnf.Method
---@param first any
---@param second any
---@param third any
---@return any params
---@return any options
---@return any action
function methods.arguments(method, first, second, third)
  local params, options, action = first, second, nil
  if method.of_action then
    action, params, options = first, second, third
  end
  if params == nil and not method.is_given and not check.table(NOTHING, method.parameters or NOTHING, "parameter") then
    params = {}
  end
  return params, options, action
end

--- The names under which any word will do, each with whether it is required, and how many are required in all.
local function names_of_words(rows)
  local names, required = {}, 0
  for name, row in pairs(rows) do
    if row.type == "name" and not (row.pattern or row.values or row.characters) then
      names[name] = row.required == true
    end
    required = required + (row.required and 1 or 0)
  end
  return names, required
end

--- Whether parameters are right beyond doubt, as those of most calls are: by one look in C. Doubts are for `check`.
local function is_certain(method, params)
  if not method.words then
    method.words, method.required = names_of_words(method.parameters)
  end
  return core.words(params, method.words) == method.required
end

--- What is wrong with a call, in words that begin with the method's name; nil if nothing is.
---@param name string
---@param self any
---@param params any
---@param options any
---@param action? any
---@return string|nil
function methods.validate(name, self, params, options, action)
  local method = methods.rows[name]
  local problem = client.validate(self, name)
    or method.parameters and not is_certain(method, params) and check.table(params, method.parameters, "parameter")
    or options ~= nil and check.table(options, method.options, "option")
    or method.validate and method.validate(params, options or NOTHING, action)
  return problem and ("%s: %s"):format(name, problem) or nil
end

--- Carry out a call that is right.
---@param method fnf.Method
---@param self fnf.Client
---@param params any
---@param options? table
---@param action? string
---@return any, any
function methods.perform(method, self, params, options, action)
  options = options or NOTHING
  local traceparent = options.traceparent or method == methods.rows.run and params.traceparent
  return method.run(traceparent and self:traced(traceparent) or self, params, options, action)
end

for name, method in pairs(methods.rows) do
  client.add(name, function(self, first, second, third)
    if method.is_lazy then
      local made, err = methods.make(method)
      if not made then
        return methods.fail(method, err --[[@as fnf.Error]], second)
      end
    end
    local params, options, action = methods.arguments(method, first, second, third)
    local problem = methods.validate(name, self, params, options, action)
    if problem then
      error(problem, 2)
    end
    return methods.perform(method, self, params, options, action)
  end)
end

return methods
