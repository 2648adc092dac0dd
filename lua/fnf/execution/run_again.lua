--- Run the items of a MapRun that failed again: an execution of the same flow, with only them in its Input.
-- SPDX-License-Identifier: MIT
--
-- The service has no such operation. The Input of each child execution is its item; the list goes where the flow's
-- ItemsPath reads it. That it is the right place is not believed but checked: every item has to be one of the list that
-- stands there in the old Input, else something between makes items anew, and what would be sent is refused.

local children = require "fnf.execution.children"
local errors = require "fnf.errors"
local items = require "fnf.execution.items"
local json = require "fnf.json"
local map_runs = require "fnf.execution.map_runs"
local map_state = require "fnf.execution.map_state"
local operations = require "fnf.operations"
local pages = require "fnf.call.pages"
local start = require "fnf.execution.start"

local run_again = {}

---@class fnf.RunAgainParameters
---@field FlowName string
---@field ExecutionName string of the parent of the MapRun
---@field MapRunName string
---@field Status? string of the children to run again; those that failed or timed out by default
---@field Limit? integer children a page, 1 to 99
---@field Qualifier? string of the new execution

--- Rows of `fnf.check` for them.
---@type table<string, fnf.Row>
run_again.parameters = {}
for name, row in pairs(children.parameters) do
  run_again.parameters[name] = row
end
run_again.parameters.Qualifier = operations.start_execution.parameters.Qualifier

---@class fnf.RunAgainOptions: fnf.CallOptions
---@field input? fun(items: any[], old: any): table|string makes the new Input where the flow reads no plain path, of
---  the decoded Inputs of the children (the text of one that is no JSON) and that of the old execution
---@field items_path? string where the flow reads its items, instead of asking its definition: "$Input.orders"
---@field execution_name? string of the new execution; of several the beginning, followed by -1, -2 ...
---@field split? boolean start several executions where one Input would pass 64 KiB
---@field dry_run? boolean start nothing
---@field on_progress? fun(seen: integer, expected: integer|nil) called after every page of the list

--- Rows of `fnf.check` for what is no option of every call.
---@type table<string, fnf.Row>
run_again.options = {
  input = { type = "function" }, items_path = { type = "string" }, split = { type = "boolean" },
  execution_name = operations.start_execution.parameters.ExecutionName, dry_run = { type = "boolean" },
  on_progress = { type = "function" },
}

---@class fnf.Again one execution that was or would be started
---@field ExecutionName? string
---@field Input string
---@field items integer in it
---@field execution? table the answer of StartExecution; nil after a dry run

---@class fnf.RunAgain
---@field FlowName string
---@field items integer run again; 0 if none failed
---@field starts fnf.Again[]
---@field warnings string[]

local LIMIT = 64 * 1024 -- bytes of an Input: of one event, in which it is written down (API.md section 6)

--- What is wrong with the options beyond the type of each, or nil.
---@param options fnf.RunAgainOptions
---@return string|nil
function run_again.validate(_, options)
  if options.input and options.items_path then
    return "options input and items_path exclude each other"
  elseif options.items_path and not map_state.read_path(options.items_path) then
    return "option items_path must be a plain path such as $Input.orders"
  end
end

local function refused(message, fields)
  fields = fields or {}
  fields.kind, fields.operation, fields.retryable, fields.message = "protocol", "run_again", false, message
  return errors.new(fields)
end

---- what is run again ----

--- The inputs of the children, in the order of the list.
local function collect(self)
  local inputs, names = {}, {}
  while true do
    local few, err = self.walk:next()
    if err or not few then
      return not err and inputs or nil, err
    end
    for _, child in ipairs(few) do
      if not names[child.Name] then -- a list that moved on may tell of a child twice
        names[child.Name] = true
        if type(child.Input) ~= "string" then
          return nil, refused(("the list shows no Input of the child %s"):format(child.Name))
        end
        inputs[#inputs + 1] = child.Input
      end
    end
  end
end

---- where the items go ----

--- The name of the Map state that started the MapRun, where the history of the old execution tells.
---@return string|nil
---@return fnf.Error|nil
local function step_name(self)
  local row = operations.get_execution_history
  local walk = pages.walk(self.client, row, { FlowName = self.params.FlowName,
    ExecutionName = self.params.ExecutionName, Limit = row.parameters.Limit.maximum }, self.limits)
  while true do
    local page, err = walk:next()
    if not page then
      return nil, err
    end
    for _, event in ipairs(page[row.items] or {}) do
      local found = map_runs.read(event, self.params)
      if found and found.MapRunName == self.params.MapRunName then
        return found.StepName ~= "" and found.StepName or nil
      end
    end
  end
end

local function definition_of(self, old)
  if type(old.FlowDefinition) == "string" and old.FlowDefinition ~= "" then
    return old.FlowDefinition
  end
  local flow, err = self.client:perform(operations.describe_flow, { Name = self.params.FlowName }, self.limits)
  return flow and flow.Definition, err
end

local HINT = "; give the option input, a function that makes the new Input of the items"

--- The names that lead to the list, or false; nil and an error where nobody can say.
local function find_path(self, old)
  if self.options.items_path then
    return (map_state.read_path(self.options.items_path))
  end
  local step, err = step_name(self)
  local definition
  if not err then
    definition, err = definition_of(self, old)
  end
  if err then
    return nil, err
  end
  local path, reason = map_state.items_path(tostring(definition), step)
  if path == nil then
    return nil, refused(reason .. HINT)
  end
  return path
end

--- The items in the list of the old Input.
---@return (fun(first: integer, last: integer): string)|nil build
---@return fnf.Error|nil
local function by_path(self, inputs, old)
  if type(old.Input) ~= "string" or old.Input == "" then
    return nil, refused(("the execution %s has no Input, of whose list the items could be taken%s"):format(
      self.params.ExecutionName, HINT))
  end
  local path, err = find_path(self, old)
  if path == nil then
    return nil, err
  end
  local list, reason = items.find(old.Input, path or nil)
  if not list then
    return nil, refused(reason .. HINT)
  end
  local texts, stranger = items.pick(list, inputs)
  if not texts then
    return nil, refused(("the Input of a failed child is no item of the list in the old Input: %s%s"):format(
      inputs[stranger]:sub(1, 100), HINT))
  end
  return function(first, last)
    return items.with(list, texts, first, last)
  end
end

local function decode(text)
  local value = json.decode(text)
  if value == nil then
    return text
  end
  return value
end

--- The Input that the caller's function makes, as text.
local function made_text(made)
  local problem
  if type(made) == "table" then
    problem = json.validate(made)
    made = not problem and json.encode(made) or nil
  elseif type(made) == "string" then
    problem = json.problem(made)
  else
    problem = "a table or JSON text expected, got " .. type(made)
  end
  if problem then
    error("run_again: what the option input returned is no Input: " .. problem, 0)
  end
  return made
end

local function by_function(self, inputs, old)
  local decoded = {}
  for index, text in ipairs(inputs) do
    decoded[index] = decode(text)
  end
  local before = decode(old.Input or "{}")
  return function(first, last)
    local some = {}
    for index = first, last do
      some[#some + 1] = decoded[index]
    end
    return made_text(self.options.input(some, before))
  end
end

---- starting ----

--- What is to be started; nil and an error where it does not fit.
local function plan(self, inputs)
  local old, err = self.client:perform(operations.describe_execution, { FlowName = self.params.FlowName,
    ExecutionName = self.params.ExecutionName }, self.limits)
  if not old then
    return nil, err
  end
  local build
  build, err = (self.options.input and by_function or by_path)(self, inputs, old)
  if not build then
    return nil, err
  end
  local pieces, place = items.split(#inputs, LIMIT, build)
  if not pieces then
    return nil, refused(("item %d alone makes an Input of more than 64 KiB"):format(place), { fits = 0 })
  elseif #pieces > 1 and not self.options.split then
    return nil, refused(("%d items make an Input of more than 64 KiB, of which %d fit; split = true starts %d "
      .. "executions"):format(#inputs, pieces[1].items, #pieces), { fits = pieces[1].items })
  end
  for index, piece in ipairs(pieces) do
    local name = self.options.execution_name
    piece.ExecutionName = name and #pieces > 1 and ("%s-%d"):format(name, index) or name
  end
  return pieces
end

--- Start one, or find it started by the same call before: an execution of the caller's name with the same Input.
local function start_one(self, piece)
  local execution, err = start.run(self.client, { FlowName = self.params.FlowName, Input = piece.Input,
    ExecutionName = piece.ExecutionName, Qualifier = self.params.Qualifier }, self.limits)
  if err and err.code == "ExecutionAlreadyExists" and piece.ExecutionName then
    execution, err = self.client:perform(operations.describe_execution, { FlowName = self.params.FlowName,
      ExecutionName = piece.ExecutionName }, self.limits)
  end
  if execution and execution.Input ~= nil and not start.same_input(execution.Input, piece.Input) then
    return nil, errors.new { kind = "service", code = "ExecutionAlreadyExists", operation = "StartExecution",
      retryable = false, message = ("execution %s is there already, with another Input"):format(piece.ExecutionName) }
  end
  return execution, err
end

--- Start one after the other. What a lost reply leaves open is found out by fnf.execution.start, so none runs twice.
local function start_all(self, result)
  for index, piece in ipairs(result.starts) do
    local execution, err = start_one(self, piece)
    if not execution then
      err.started = index - 1
      err.again = result
      return nil, err
    end
    piece.execution, piece.ExecutionName = execution, execution.Name or piece.ExecutionName
  end
  return result
end

--- Run the items again whose child executions failed.
---@param client fnf.Client
---@param params fnf.RunAgainParameters
---@param options fnf.RunAgainOptions
---@return fnf.RunAgain|nil
---@return fnf.Error|nil err with `fits`, the number of items that do, where there are too many; with `started`, how
---  many executions were, and `again`, the result so far, where starting them broke off
function run_again.run(client, params, options)
  local limits = client:limits(options, client:choose_platform())
  local self = { client = client, params = params, options = options, limits = limits }
  self.walk = children.walk(client, params, { deadline = limits.deadline, cancel = limits.cancel,
    attempt_timeout = limits.attempt_timeout, max_attempts = limits.max_attempts, on_progress = options.on_progress },
    not params.Status and children.FAILED or nil)
  local inputs, err = collect(self)
  if not inputs then
    return nil, err
  end
  local result = { FlowName = params.FlowName, items = #inputs, starts = {}, warnings = self.walk.warnings }
  if #inputs == 0 then
    return result
  end
  result.starts, err = plan(self, inputs)
  if not result.starts then
    return nil, err
  elseif options.dry_run then
    return result
  end
  return start_all(self, result)
end

return run_again
