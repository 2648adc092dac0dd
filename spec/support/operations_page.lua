--- The page of all operations, docs/operations.md, out of the rows and the reference; `make rows` writes it anew.
-- SPDX-License-Identifier: MIT

local json = require "fnf.json"
local operations = require "fnf.operations"

local page = {}

---- the order of the page, in which its samples build on one another ----

local SECTIONS = {
  { "Flows", "create_flow", "describe_flow", "update_flow", "list_flows" },
  { "Versions and aliases", "publish_flow_version", "list_flow_versions", "create_flow_alias", "describe_flow_alias",
    "update_flow_alias", "list_flow_aliases" },
  { "Executions", "start_execution", "describe_execution", "list_executions", "get_execution_history",
    "start_sync_execution" },
  { "MapRuns", "describe_map_run", "update_map_run" },
  { "Tasks that wait for a report", "report_task_succeeded", "report_task_failed" },
  { "Schedules", "create_schedule", "describe_schedule", "update_schedule", "list_schedules" },
  { "Regions", "describe_regions" },
  { "Stops and deletions", "stop_execution", "delete_schedule", "delete_flow_alias", "delete_flow_version",
    "delete_flow" },
}

--- What samples give: a required parameter by its name, others by the operation's.
local VALUES = {
  FlowName = '"sample"', Name = '"sample"', Type = '"FDL"', Description = '"a sample"',
  ExecutionName = '"nightly-3"', MapRunName = '"5f2c8d1e0a7b4c3d9e6f8a1b2c3d4e5f"', ScheduleName = '"at-two"',
  CronExpression = '"0 0 2 * * *"', FlowVersion = '"1"', Error = '"NoStock"', Output = '{ shipped = true }',
  Definition = [["Type: StateMachine\nSpecVersion: v1\nName: sample\nStartAt: Pack\n"
    .. "States:\n  - Type: Pass\n    Name: Pack\n    End: true\n"]],
  RoutingConfigurations = '{ { Version = "1", Weight = 100 } }',
}
local GIVEN = {
  update_flow = { Description = '"packs one order"' },
  list_flows = { Limit = "20" },
  create_flow_alias = { Name = '"live"' }, describe_flow_alias = { Name = '"live"' },
  update_flow_alias = { Name = '"live"', Description = '"what the shop uses"' },
  delete_flow_alias = { Name = '"live"' },
  start_execution = { Input = "{ order = 101 }" },
  describe_execution = { FlowName = '"orders"' },
  list_executions = { FlowName = '"orders"', Status = '"Running"', Limit = "20" },
  get_execution_history = { FlowName = '"orders"', Limit = "20" },
  stop_execution = { FlowName = '"orders"', Cause = '"asked to"' },
  start_sync_execution = { Input = "{ order = 101 }" },
  describe_map_run = { FlowName = '"orders"' },
  update_map_run = { FlowName = '"orders"', Concurrency = "50", ToleratedFailedPercentage = "2.5" },
  report_task_succeeded = { TaskToken = 'os.getenv "TASK_TOKEN"' },
  report_task_failed = { TaskToken = 'os.getenv "TASK_TOKEN"', Cause = '"sold out"' },
  create_schedule = { Payload = '{ night = true }', Enable = "false" },
  update_schedule = { Enable = "true" },
  describe_regions = { AcceptLanguage = '"en-US"' },
}

--- Of what an answer may hold, the field that a sample prints: the first that is there.
local TELLING = { "Status", "Version", "Concurrency", "Enable", "Name", "FlowVersion", "RequestId" }

local function sorted(set)
  local names = {}
  for name in pairs(set) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function read_reference()
  local file = assert(io.open("spec/reference/fnf-2019-03-15.json", "rb"))
  local text = file:read("*a")
  file:close()
  local found = {}
  for _, operation in ipairs(assert(json.decode(text)).operations) do
    found[operation.action] = operation
  end
  return found
end

---- parameters ----

local TYPES = { string = "text", name = "text", integer = "integer", number = "number", boolean = "boolean",
  json = "table, or JSON text", list = "list" }

local function code(words)
  return (("`" .. table.concat(words, "`, `") .. "`"):gsub("``", "empty text"))
end

local rules_of

local function fields(rows)
  local list = {}
  for _, name in ipairs(sorted(rows)) do
    local rules = rules_of(rows[name])
    list[#list + 1] = ("`%s` (%s%s)"):format(name, TYPES[rows[name].type], rules == "" and "" or ": " .. rules)
  end
  return table.concat(list, ", ")
end

--- What a value must be beyond its type, in words.
function rules_of(row)
  local rules = {}
  local function add(...)
    rules[#rules + 1] = (...):format(select(2, ...))
  end
  if row.minimum and row.maximum then
    add("%s to %s", row.minimum, row.maximum)
  elseif row.minimum then
    add("%s or more", row.minimum)
  end
  if row.characters then
    add("%d to %d characters", row.characters[1], row.characters[2])
  elseif row.type == "name" then
    add "not empty, no control characters"
  end
  if row.pattern then
    add("%s", row.rule)
  end
  if row.values then
    add("one of %s", code(row.values))
  end
  if row.count then
    add("%d to %d entries", row.count[1], row.count[2])
  end
  if row.entries or row.fields then
    add("%s %s", row.entries and "each with" or "with", fields(row.entries or row.fields))
  end
  return table.concat(rules, "; ")
end

local function parameters(out, row)
  local names = sorted(row.parameters)
  out "| parameter | type | rule |"
  out "| --- | --- | --- |"
  for _, required in ipairs { true, false } do
    for _, name in ipairs(names) do
      local rule = row.parameters[name]
      if (rule.required == true) == required then
        local rules = rules_of(rule)
        out(("| `%s`%s | %s |%s |"):format(name, required and ", required" or "", TYPES[rule.type],
          rules == "" and "" or " " .. rules))
      end
    end
  end
  out ""
end

---- answers ----

local answer_of

local function shown(field, property)
  if property.enum then
    return ("`%s` (one of %s)"):format(field, code(property.enum))
  elseif property.properties then
    return ("`%s` { %s }"):format(field, answer_of(property.properties))
  elseif property.items then
    return ("`%s` list of { %s }"):format(field, answer_of(property.items.properties))
  end
  -- Weight, although one answer declares it a string: see the rows.
  local kind = field == "Weight" and "integer" or property.type
  return ("`%s` %s"):format(field, kind == "string" and "text" or kind)
end

--- The fields of an answer in one line.
function answer_of(properties)
  local list = {}
  for _, field in ipairs(sorted(properties)) do
    list[#list + 1] = shown(field, properties[field])
  end
  return table.concat(list, ", ")
end

---- samples ----

local function arguments(name, row)
  local given, list = GIVEN[name] or {}, {}
  for _, required in ipairs { true, false } do
    for _, parameter in ipairs(sorted(row.parameters)) do
      local needed = row.parameters[parameter].required == true
      local value = given[parameter] or needed and VALUES[parameter]
      if value and needed == required then
        list[#list + 1] = ("  %s = %s,\n"):format(parameter, value)
      end
    end
  end
  return table.concat(list)
end

local function telling(row, response)
  if row.items then
    return "#answer." .. row.items
  end
  for _, field in ipairs(TELLING) do
    if response[field] then
      return "answer." .. field
    end
  end
  return "#answer." .. assert(next(response))
end

--- A program by itself that calls the operation.
local function sample(name, row, response)
  return ([[
local fnf = require "fnf"
local answer, err = fnf.%s {
%s}
if not answer then error(tostring(err)) end
print(%s)
]]):format(name, arguments(name, row), telling(row, response))
end

---- the page ----

local function repeated(name, row)
  return name == "start_execution" and "by its name" or row.repeatable and "yes" or "no"
end

local function quota(row)
  return ("%d + %d/s"):format(row.quota.burst, row.quota.rate)
end

local HEAD = [[
<!-- Written by spec/support/operations_page.lua out of the rows of lua/fnf/operations.lua: `make rows`. -->
# Operations

Every operation of the service as a method: what it takes, what it answers, how often it may be called, and a sample.

`fnf.NAME{...}` and `client:NAME({...}, options)` return the answer as a table, or `nil, err`. Parameters are checked
before anything is sent; what is wrong with one is raised at your line. "Repeated" says whether an attempt that may
have been carried out is followed by another; `start_execution` gives each execution a name, by which it may. "Quota" is
how many requests an account may make at once, and per second after that. A field of an answer may be absent, and then
is nil. What takes "a table, or JSON text" sends a table as JSON and checks a text (`{}` is an empty object; an empty
list is `fnf.decode "[]"`, or text). `client:call` reaches operations that are newer than these: see the
[README](../README.md#call-any-operation).

The samples run from top to bottom on `fnf emulator`, which begins with the flow `orders`; a task's token comes with
the task.

| method | | repeated | quota |
| --- | --- | --- | --- |]]

--- The page.
---@return string
function page.text()
  local reference, lines = read_reference(), {}
  local function out(line)
    lines[#lines + 1] = line
  end
  out(HEAD)
  for _, name in ipairs(sorted(operations)) do
    local row = operations[name]
    out(("| [`%s`](#%s) | %s | %s | %s |"):format(name, name, reference[row.action].summary, repeated(name, row),
      quota(row)))
  end
  for _, section in ipairs(SECTIONS) do
    out(("\n## %s"):format(section[1]))
    for i = 2, #section do
      local name = section[i]
      local row = operations[name]
      local response = reference[row.action].response
      out(("\n### `%s`\n"):format(name))
      out(("%s, a %s that %s. Repeated: %s. Quota: %s.\n"):format(row.action, row.method,
        row.writes and "writes" or "reads", repeated(name, row), quota(row)))
      parameters(out, row)
      out(("Answer: %s.\n"):format(answer_of(response)))
      out(("```lua\n%s```"):format(sample(name, row, response)))
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

if arg and arg[0]:find("operations_page.lua", 1, true) then
  io.write(page.text())
end

return page
