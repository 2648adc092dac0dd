--- The commands that wait: one run or many, told to the end, by an exit code.
-- SPDX-License-Identifier: MIT

local command = require "fnf.cli.command"
local exit = require "fnf.cli.exit"
local output = require "fnf.cli.output"

local waiting = {}

local function label(params)
  return output.cell(("%s/%s/%s"):format(params.FlowName, params.ExecutionName, params.MapRunName))
end

--- One line of a MapRun's state.
local function describe(run, progress)
  local counts = run.ItemCounts or {}
  local share = progress and progress.share
  return ("%s%s  %s of %s done, %s failed, %s running"):format(output.cell(run.Status),
    share and ("  %d %%"):format(math.floor(share * 100)) or "", (progress and progress.done) or 0,
    counts.Total or "?", counts.Failed or 0, counts.Running or 0)
end

--- What the flags say of the wait, and a listener that keeps the waits for their checkpoints.
local function options_of(line, seen)
  local given, shown = line.options, {}
  return { timeout = given.timeout, stall_after = given.stall_after, fail_fast = given.fail_fast,
    on_progress = function(run, progress, wait)
      local key = label(run.MapRunName and run or seen.params)
      seen.waits[wait] = true
      local text = describe(run, progress)
      if line.entry.does == "watch" and shown[wait] ~= text then
        shown[wait] = text
        io.stderr:write(seen.one and "" or key .. "  ", text, "\n")
      end
    end }
end

--- The code of an error that ended a wait; the checkpoint is printed where the wait can go on.
local function fail(err, seen)
  io.stderr:write("fnf: ", tostring(err), "\n")
  if err.kind == "timeout" then
    for wait in pairs(seen.waits) do
      io.stdout:write(wait:checkpoint(), "\n")
    end
    io.stderr:write("fnf: go on with: fnf map-run resume CHECKPOINT\n")
  end
  return exit.of_error(err)
end

--- Print a final description; its code.
local function finish(line, run)
  io.stdout:write(output.text(run, line.options))
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

local function wait_many(client, line, list, seen)
  local options, code = options_of(line, seen), exit.OK
  if line.options.any then
    options.any = true
    local _, run, err = client:wait_map_runs(list, options)
    return run and finish(line, run) or fail(err, seen)
  end
  options.each = true
  for _, run, err in client:wait_map_runs(list, options) do
    code = worse(code, run and finish(line, run) or fail(err, seen))
    if err and err.kind == "timeout" then
      return code
    end
  end
  return code
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
  local seen = { waits = {}, params = list[1], one = #list == 1 }
  if #list > 1 then
    return wait_many(client, line, list, seen)
  end
  local run, err = client:wait_map_run(list[1], options_of(line, seen))
  return run and finish(line, run) or fail(err, seen)
end

--- `map-run resume CHECKPOINT`.
function waiting.resume(client, line)
  if #line.rest ~= 1 then
    return nil, "one checkpoint expected: fnf map-run resume CHECKPOINT"
  end
  local seen = { waits = {}, params = {}, one = true }
  local run, err = client:resume(line.rest[1], options_of(line, seen))
  if err and err.kind == "protocol" and not err.operation then
    return nil, tostring(err)
  end
  return run and finish(line, run) or fail(err, seen)
end

--- `execution wait` and `execution run`.
function waiting.execution(client, line)
  local run, err
  if line.entry.does == "run" then
    run, err = client:run(line.params, { timeout = line.options.timeout })
  else
    run, err = client:wait_execution(line.params, { timeout = line.options.timeout })
  end
  return run and finish(line, run) or fail(err, { waits = {} })
end

return waiting
