--- The commands that wait: one run or many, told to the end, by an exit code.
-- SPDX-License-Identifier: MIT

local command = require "fnf.cli.command"
local exit = require "fnf.cli.exit"
local flags = require "fnf.cli.flags"
local output = require "fnf.cli.output"
local progress = require "fnf.cli.progress"

local waiting = {}

local SHORTEST = 0.001 -- seconds that are left of --timeout at least
local COMMAND_TIME, COMMAND_OUTPUT = 3600, 1048576 -- seconds and bytes of --on-done

---@class fnf.WaitCommand what the functions of one command line have in common
---@field client fnf.Client
---@field line fnf.CommandLine
---@field report fnf.ProgressReport
---@field open table[] names of those that have not ended
---@field waits table<fnf.Wait, boolean> those of them that have been answered, for their checkpoints
---@field head? string of the table that was printed last

--- What the flags say of the wait.
local function options_of(self, cancel)
  local given = self.line.options
  return { timeout = given.timeout, stall_after = given.stall_after, fail_fast = given.fail_fast, cancel = cancel,
    on_progress = function(run, state, wait)
      self.waits[wait] = true
      self.report:changed(run, state, wait)
    end }
end

local function are_same(one, other)
  return one.FlowName == other.FlowName and one.ExecutionName == other.ExecutionName
    and one.MapRunName == other.MapRunName
end

--- Take out one that has ended: there is nothing left to wait for.
local function close(self, names)
  for place = #self.open, 1, -1 do
    if are_same(self.open[place], names) then
      table.remove(self.open, place)
    end
  end
  for wait in pairs(self.waits) do
    self.waits[wait] = not are_same(wait.params, names) or nil
  end
end

--- Print what a wait goes on from, or all that have not ended; of one without an answer that is its name.
local function print_checkpoints(self, names)
  local report, answered = self.report, {}
  for wait in pairs(self.waits) do
    if not names or are_same(wait.params, names) then
      report:print(wait:checkpoint() .. "\n")
      answered[#answered + 1] = wait.params
    end
  end
  report:complain(answered[1] and "fnf: go on with: fnf map-run resume 'CHECKPOINT'\n" or "")
  for _, open in ipairs(names and {} or self.open) do
    local is_answered = not open.MapRunName
    for _, params in ipairs(answered) do
      is_answered = is_answered or are_same(params, open)
    end
    if not is_answered then
      report:complain(("fnf: never described, so without a checkpoint: %s\n"):format(output.cell(
        ("%s/%s/%s"):format(open.FlowName, open.ExecutionName, open.MapRunName))))
    end
  end
end

--- The code of an error that ended a wait; where it can go on, what from is printed.
local function fail(self, names, err)
  local report = self.report
  report:complain(report.has_left and "" or "fnf: " .. flags.tell(err) .. "\n")
  if err.stalled then
    print_checkpoints(self, names)
    close(self, names)
  elseif err.kind == "timeout" or report.has_left then
    print_checkpoints(self)
  else
    close(self, names)
  end
  return exit.of_error(err, self.line.options.timeout ~= nil)
end

--- Print a final description, behind others so that a reader can tell them apart: YAML as a document of its own, rows
--- of the same columns below one head. Its code.
local function finish(self, names, run)
  local text, format = output.text(run, self.line.options), self.line.options.format
  local head = (format == "tsv" or format == "yaml" or format == "table") and text:match "^[^\n]*\n" or ""
  if format == "tsv" and head == self.head then
    text = text:sub(#head + 1)
  elseif format == "yaml" and self.head then
    text = "---\n" .. text
  elseif format == "table" and self.head then
    text = "\n" .. text
  end
  self.head = head
  self.report:print(text)
  close(self, names)
  return exit.of_status(run.Status)
end

--- Run the command of --on-done. Its shell reads the user's words only: what the service said is in its environment.
local function run_command(self, names, run, err)
  local counts = run and type(run.ItemCounts) == "table" and run.ItemCounts or {}
  local words = { "env" }
  for _, variable in ipairs {
    { "STATUS", run and run.Status }, { "FLOW", names.FlowName }, { "EXECUTION", names.ExecutionName },
    { "MAP_RUN", names.MapRunName }, { "TOTAL", counts.Total }, { "SUCCEEDED", counts.Succeed },
    { "FAILED", counts.Failed }, { "ERROR", err and flags.tell(err) },
  } do
    words[#words + 1] = ("FNF_%s=%s"):format(variable[1], (output.plain(variable[2]):gsub("%z", "")))
  end
  for _, word in ipairs { "sh", "-c", self.line.options.on_done } do
    words[#words + 1] = word
  end
  local platform = self.client:choose_platform()
  local printed, reason = platform.run(words, { timeout = COMMAND_TIME, limit = COMMAND_OUTPUT })
  self.report:complain(printed or ("fnf: --on-done: %s\n"):format(tostring(reason)))
end

local MILD = { [exit.FAILED] = true, [exit.ABORTED] = true, [exit.GUARD] = true } -- what --exit-zero makes a 0

--- Tell the end of one; its code.
local function conclude(self, names, run, err)
  self.report:ended(names, run, err)
  local code
  if run then
    code = finish(self, names, run)
  else
    code = fail(self, names, err)
  end
  if self.line.options.on_done and not self.report.has_left then
    run_command(self, names, run, err)
  end
  return self.line.options.exit_zero and MILD[code] and exit.OK or code
end

--- What to wait for: the names among the words, on stdin after a -, else the parameters.
local function targets(line)
  local list, has_read = {}, false
  for _, names in ipairs(line.names) do
    list[#list + 1] = names
  end
  for _, word in ipairs(line.rest) do
    if word ~= "-" then
      return nil, ("%s is no flow/execution/map-run"):format(output.cell(word))
    end
    has_read = true
    for text in io.lines() do
      local name = text:match("%S+")
      local names = name and command.read_name(name, line.entry.names)
      if name and not names then
        return nil, ("%s is no flow/execution/map-run"):format(output.cell(name))
      end
      list[#list + 1] = names and command.complete(names, line.params)
    end
  end
  if #list == 0 and has_read then
    return nil, "no flow/execution/map-run on stdin"
  elseif #list == 0 then
    list[1] = line.params
  end
  return list
end

--- An iterator over the MapRuns of an execution, within what is left of --timeout, however many pages tell of them; it
--- takes off that time.
---@param client fnf.Client
---@param params table as GetExecutionHistory
---@param given { timeout?: number } the flags
---@return fun(): fnf.MapRunFound|nil
function waiting.each_map_run(client, params, given)
  local problem = require("fnf.methods").validate("map_runs", client, params, { timeout = given.timeout })
  if problem then
    error(problem, 0)
  end
  local platform = client:choose_platform()
  local limits = client:limits({ timeout = given.timeout }, platform)
  local next_run = require("fnf.execution.map_runs").each(client, params, limits)
  return function()
    local found = next_run()
    given.timeout = given.timeout and math.max(SHORTEST, limits.deadline - platform.now())
    return found
  end
end

--- flow/execution stands for its MapRuns; what it takes to find them is gone from the time of the line.
local function expand(client, list, given)
  local all = {}
  for _, params in ipairs(list) do
    if params.FlowName and params.ExecutionName and not params.MapRunName then
      local before = #all
      for found in waiting.each_map_run(client, { FlowName = params.FlowName, ExecutionName = params.ExecutionName },
        given) do
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

local function wait_many(self, list, cancel)
  local options, code = options_of(self, cancel), exit.OK
  if self.line.options.any then
    options.any = true
    local place, run, err = self.client:wait_map_runs(list, options)
    return conclude(self, list[place or 1], run, err)
  end
  options.each = true
  for place, run, err in self.client:wait_map_runs(list, options) do
    code = worse(code, conclude(self, list[place], run, err))
    if err and (err.kind == "timeout" and not err.stalled or self.report.has_left) then
      return code
    end
  end
  return code
end

--- `wait` is silent unless it is asked not to be. The texts of --debug would tear a live picture.
local function follow(self, list)
  local line = self.line
  local mode = line.options.progress or line.entry.does == "watch" and (line.options.debug and "plain" or "auto")
    or "none"
  self.report = progress.new(self.client, mode, list)
  for place, names in ipairs(list) do
    self.open[place] = names
  end
end

---@return fnf.WaitCommand without a report
local function new(client, line)
  return { client = client, line = line, open = {}, waits = {} }
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
  local self = new(client, line)
  list = expand(client, list, line.options)
  if #list == 0 then
    return exit.NOT_FOUND
  end
  problem = require("fnf.methods").validate("wait_map_runs", client, list)
  if problem then
    return nil, problem
  end
  follow(self, list)
  return self.report:run(function(cancel)
    if #list > 1 then
      return wait_many(self, list, cancel)
    end
    local run, err = client:wait_map_run(list[1], options_of(self, cancel))
    return conclude(self, list[1], run, err)
  end)
end

--- The checkpoint, which a shell tears apart where it is not quoted; nil if there is not one.
local function read_checkpoint(line)
  local text = #line.rest == 1 and line.rest[1]
  if text == "-" then
    text = io.read("*a"):match "^%s*([^\n]-)%s*$"
  end
  return text
end

--- `map-run resume CHECKPOINT`.
function waiting.resume(client, line)
  local text = read_checkpoint(line)
  if not text then
    return nil, "one checkpoint expected, in quotes: fnf map-run resume 'CHECKPOINT', or - for one on stdin"
  end
  local self, problem = new(client, line), nil
  follow(self, {})
  local code = self.report:run(function(cancel)
    local run, err = client:resume(text, options_of(self, cancel))
    if err and err.kind == "protocol" and not err.observed then -- not the service's word, but the checkpoint's
      problem = err.message .. "; it is one word, in quotes, as it was printed"
      return nil
    end
    local one = next(self.waits)
    return conclude(self, one and one.params or {}, run, err)
  end)
  return code, problem
end

--- `execution wait` and `execution run`.
function waiting.execution(client, line)
  local self = new(client, line)
  local run, err
  follow(self, {})
  if line.entry.does == "run" then
    run, err = client:run(line.params, { timeout = line.options.timeout })
  else
    run, err = client:wait_execution(line.params, { timeout = line.options.timeout })
  end
  return conclude(self, run and { FlowName = run.FlowName, ExecutionName = run.Name } or line.params, run, err)
end

return waiting
