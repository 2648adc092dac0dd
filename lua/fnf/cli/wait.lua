--- The commands that wait: one run or many, told to the end, by an exit code.
-- SPDX-License-Identifier: MIT

local command = require "fnf.cli.command"
local exit = require "fnf.cli.exit"
local output = require "fnf.cli.output"
local progress = require "fnf.cli.progress"

local waiting = {}

--- What the flags say of the wait; `waits` keeps them for their checkpoints.
local function options_of(line, report, waits, cancel)
  local given = line.options
  return { timeout = given.timeout, stall_after = given.stall_after, fail_fast = given.fail_fast, cancel = cancel,
    on_progress = function(run, state, wait)
      waits[wait] = true
      report:changed(run, state, wait)
    end }
end

--- The code of an error that ended a wait; the checkpoint is printed where the wait can go on.
local function fail(err, report, waits)
  report:complain(report.has_left and "" or "fnf: " .. tostring(err) .. "\n")
  if err.kind == "timeout" or report.has_left then
    for wait in pairs(waits) do
      report:print(wait:checkpoint() .. "\n")
    end
    report:complain(next(waits) and "fnf: go on with: fnf map-run resume CHECKPOINT\n" or "")
  end
  return exit.of_error(err)
end

--- Print a final description; its code.
local function finish(line, run, report)
  report:print(output.text(run, line.options))
  local code = exit.of_status(run.Status)
  return line.options.exit_zero and (code == exit.FAILED or code == exit.ABORTED or code == exit.GUARD) and exit.OK
    or code
end

--- What to wait for: the names among the words, on stdin after a -, else the parameters.
local function targets(line)
  local list = {}
  for _, names in ipairs(line.names) do
    list[#list + 1] = names
  end
  for _, word in ipairs(line.rest) do
    if word ~= "-" then
      return nil, ("%s is no flow/execution/map-run"):format(output.cell(word))
    end
    for text in io.lines() do
      local name = text:match("%S+")
      local names = name and command.read_name(name)
      if name and not names then
        return nil, ("%s is no flow/execution/map-run"):format(output.cell(name))
      end
      list[#list + 1] = names
    end
  end
  if #list == 0 then
    list[1] = line.params
  end
  return list
end

--- flow/execution stands for its MapRuns.
local function expand(client, list)
  local all = {}
  for _, params in ipairs(list) do
    if params.FlowName and params.ExecutionName and not params.MapRunName then
      local before = #all
      for found in client:map_runs { FlowName = params.FlowName, ExecutionName = params.ExecutionName } do
        all[#all + 1] = { FlowName = found.FlowName, ExecutionName = found.ExecutionName,
          MapRunName = found.MapRunName }
      end
      if #all == before then
        io.stderr:write("fnf: the execution ", output.cell(params.ExecutionName), " has no MapRun yet\n")
      end
    else
      all[#all + 1] = params
    end
  end
  return all
end

local GRAVITY = { [exit.OK] = 0, [exit.ABORTED] = 1, [exit.FAILED] = 2 }

local function worse(a, b)
  return (GRAVITY[b] or 3) > (GRAVITY[a] or 3) and b or a
end

--- Tell the end of one; its code.
local function conclude(line, report, waits, names, run, err)
  report:ended(names, run, err)
  return run and finish(line, run, report) or fail(err, report, waits)
end

local function wait_many(client, line, list, report, cancel)
  local waits, code = {}, exit.OK
  local options = options_of(line, report, waits, cancel)
  if line.options.any then
    options.any = true
    local place, run, err = client:wait_map_runs(list, options)
    return conclude(line, report, waits, list[place or 1], run, err)
  end
  options.each = true
  for place, run, err in client:wait_map_runs(list, options) do
    code = worse(code, conclude(line, report, waits, list[place], run, err))
    if err and (err.kind == "timeout" or report.has_left) then
      return code
    end
  end
  return code
end

--- How the command tells what goes on: `wait` is silent unless it is asked not to be.
local function report_of(client, line, list)
  return progress.new(client, line.options.progress or line.entry.does == "watch" and "auto" or "none", list)
end

--- `map-run wait` and `watch`.
---@param client fnf.Client
---@param line fnf.CommandLine
---@return integer|nil code
---@return string|nil problem
function waiting.map_runs(client, line)
  local list, problem = targets(line)
  if not list then
    return nil, problem
  end
  list = expand(client, list)
  if #list == 0 then
    return exit.NOT_FOUND
  end
  local methods = require "fnf.methods"
  problem = methods.validate("wait_map_runs", client, list, { timeout = line.options.timeout,
    stall_after = line.options.stall_after })
  if problem then
    return nil, problem
  end
  local report = report_of(client, line, list)
  return report:run(function(cancel)
    if #list > 1 then
      return wait_many(client, line, list, report, cancel)
    end
    local waits = {}
    local run, err = client:wait_map_run(list[1], options_of(line, report, waits, cancel))
    return conclude(line, report, waits, list[1], run, err)
  end)
end

--- `map-run resume CHECKPOINT`.
function waiting.resume(client, line)
  if #line.rest ~= 1 then
    return nil, "one checkpoint expected: fnf map-run resume CHECKPOINT"
  end
  local report, problem = report_of(client, line, {}), nil
  local code = report:run(function(cancel)
    local waits = {}
    local run, err = client:resume(line.rest[1], options_of(line, report, waits, cancel))
    if err and err.kind == "protocol" and not err.operation then
      problem = tostring(err)
      return nil
    end
    local one = next(waits)
    return conclude(line, report, waits, one and one.params or {}, run, err)
  end)
  return code, problem
end

--- `execution wait` and `execution run`.
function waiting.execution(client, line)
  local run, err
  if line.entry.does == "run" then
    run, err = client:run(line.params, { timeout = line.options.timeout })
  else
    run, err = client:wait_execution(line.params, { timeout = line.options.timeout })
  end
  local report = progress.new(client, "none", {})
  return run and finish(line, run, report) or fail(err, report, {})
end

return waiting
