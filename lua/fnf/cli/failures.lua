--- The commands for what failed in a MapRun: `map-run explain`, `failures` and `retry`.
-- SPDX-License-Identifier: MIT

local children = require "fnf.execution.children"
local exit = require "fnf.cli.exit"
local flags = require "fnf.cli.flags"
local methods = require "fnf.methods"
local output = require "fnf.cli.output"
local waiting = require "fnf.cli.wait"

local failures = {}

local EVERY_LISTED, EVERY_READ = 1000, 100 -- children, and histories, between two lines of progress

local function say(text)
  io.stderr:write("fnf: ", output.cell(text), "\n")
end

--- What the library warns of goes where it disturbs no pipe.
local function listen(client)
  client:listen(function(name, fields)
    if name == "warning" and fields.message then
      say("warning: " .. fields.message)
    end
  end)
end

local function progress()
  local listed, read = 0, 0
  return function(seen, expected, causes)
    if seen >= listed + EVERY_LISTED then
      listed = seen
      say(("%d of %s children listed"):format(seen, tostring(expected or "?")))
    end
    if causes and causes >= read + EVERY_READ then
      read = causes
      say(("%d causes read"):format(causes))
    end
  end
end

--- The only MapRun of an execution; what it takes to find it is gone from the time of the whole.
local function find_map_run(client, params, options)
  local names = {}
  for found in waiting.each_map_run(client, { FlowName = params.FlowName, ExecutionName = params.ExecutionName },
    options) do
    names[#names + 1] = found.MapRunName
  end
  if #names == 1 then
    params.MapRunName = names[1]
    return nil
  end
  return #names == 0 and "the execution has no MapRun" or "the execution has several MapRuns; name one of "
    .. table.concat(names, ", ")
end

--- What the words name, checked as the method `name` would.
local function prepare(client, line, name, options)
  local params = line.params
  for key, value in pairs(line.names[1] or {}) do
    params[key] = value
  end
  if line.rest[1] or line.names[2] then
    return nil, "one flow/execution/map-run expected"
  elseif params.FlowName and params.ExecutionName and not params.MapRunName then
    local problem = find_map_run(client, params, options)
    if problem then
      return nil, problem
    end
  end
  params.Status = line.options.status
  local problem = methods.validate(name, client, params, options)
  return not problem and params or nil, problem
end

local function refuse(err, line)
  say(flags.tell(err))
  return exit.of_error(err, line.options.timeout ~= nil)
end

--- `map-run explain`: a screen, or the report in a format.
---@param client fnf.Client
---@param line fnf.CommandLine
---@return integer|nil code
---@return string|nil problem
function failures.explain(client, line)
  local given = line.options
  local options = { timeout = given.timeout, examples = given.examples, limit = given.limit, on_progress = progress() }
  local params, problem = prepare(client, line, "explain_map_run", options)
  if not params then
    return nil, problem
  end
  local report, err = client:explain_map_run(params, options)
  local found = report or err.report
  local text = found and (given.format and output.text(found, given) or tostring(found) .. "\n") or ""
  if not output.put(text) then
    return exit.CLOSED_PIPE
  end
  return report and exit.OK or refuse(err, line)
end

--- One line for a child: all that is known of it, or its item alone.
local function text_of(child, given)
  if given.items then
    return (tostring(child.Input):gsub("[\r\n]+", " ")) .. "\n" -- JSON has no line breaks in its strings
  end
  return output.text(child, { format = "jsonl", fields = given.fields })
end

--- `map-run failures`: a line for each item, as it is found.
---@param client fnf.Client
---@param line fnf.CommandLine
---@return integer|nil code
---@return string|nil problem
function failures.failures(client, line)
  local given = line.options
  if given.items and (given.fields or given.causes or given.format and given.format ~= "jsonl") then
    return nil, "--items prints the items alone, a line each: it goes with no --fields, --causes or other --output"
  end
  local options = { timeout = given.timeout, causes = given.causes, on_progress = progress() }
  local params, problem = prepare(client, line, "map_run_children", options)
  if not params then
    return nil, problem
  end
  listen(client)
  local list = {}
  for child in children.each(client, params, options, not params.Status and children.FAILED or nil) do
    if given.format and given.format ~= "jsonl" then
      list[#list + 1] = child
    elseif not output.put(text_of(child, given)) then
      return exit.CLOSED_PIPE
    end
  end
  if given.format and given.format ~= "jsonl" then
    return output.put(output.text({ Executions = list }, { format = given.format, fields = given.fields,
      items = "Executions" })) and exit.OK or exit.CLOSED_PIPE
  end
  return exit.OK
end

--- What was or would be started, as lines to go on with.
local function started_text(again, given)
  if given.format then
    return output.text(again, given)
  end
  local lines = {}
  for index, one in ipairs(again.starts) do
    lines[index] = (given.dry_run and one.Input:gsub("[\r\n]+", " ")
      or ("%s/%s"):format(again.FlowName, one.ExecutionName)) .. "\n"
  end
  return table.concat(lines)
end

--- `map-run retry`: prints the executions it started, flow/execution each; of a dry run their inputs.
---@param client fnf.Client
---@param line fnf.CommandLine
---@return integer|nil code
---@return string|nil problem
function failures.retry(client, line)
  local given = line.options
  local options = { timeout = given.timeout, dry_run = given.dry_run, split = given.split,
    items_path = given.items_path, execution_name = given.as, on_progress = progress() }
  local params, problem = prepare(client, line, "run_again", options)
  if not params then
    return nil, problem
  end
  listen(client)
  local again, err = client:run_again(params, options)
  if not again then
    if err.again and err.started > 0 then
      for index = #err.again.starts, err.started + 1, -1 do
        err.again.starts[index] = nil
      end
      output.put(started_text(err.again, given))
    end
    return refuse(err, line)
  end
  say(again.items == 0 and "no such items; nothing was started"
    or ("%d items %s"):format(again.items, given.dry_run and "would be run again" or "are run again"))
  return output.put(started_text(again, given)) and exit.OK or exit.CLOSED_PIPE
end

return failures
