--- How a wait is followed: live on a terminal, a line a change, JSON lines, or not at all.
-- SPDX-License-Identifier: MIT

local output = require "fnf.cli.output"

local progress = { modes = { "auto", "json", "none", "plain", "tty" } }

---@class fnf.ProgressReport what is told of a wait while it goes on; all of it but results goes to stderr
---@field changed fun(self, run: table, progress: fnf.Progress, wait: fnf.Wait) an answer came
---@field ended fun(self, names: table, run: table|nil, err: fnf.Error|nil) a wait has ended
---@field print fun(self, text: string) a result for stdout
---@field complain fun(self, text: string) a trouble for stderr
---@field run fun(self, work: fun(cancel?: fun(): boolean): any): any waits, and tells meanwhile
---@field has_left? boolean the user left the wait
local Report = {}
Report.__index = Report

function Report.ended() end

function Report.changed() end

function Report:print(text) -- luacheck: ignore 212
  output.put(text)
end

function Report:complain(text) -- luacheck: ignore 212
  io.stderr:write(text)
end

function Report:run(work) -- luacheck: ignore 212
  return work()
end

--- One line of a MapRun's state, whatever the service says it is.
local function describe(run, report)
  local counts = type(run.ItemCounts) == "table" and run.ItemCounts or {}
  local function shown(value, otherwise)
    return value == nil and otherwise or output.cell(value)
  end
  return ("%s%s  %s of %s done, %s failed, %s running"):format(shown(run.Status),
    report.share and ("  %d %%"):format(math.floor(report.share * 100)) or "", shown(report.done, 0),
    shown(counts.Total, "?"), shown(counts.Failed, 0), shown(counts.Running, 0))
end

local function tell_lines(one)
  local shown = {}
  return function(_, run, state, wait)
    local text, names = describe(run, state:report()), wait.params
    if shown[wait] ~= text then
      shown[wait] = text
      io.stderr:write(one and "" or output.cell(("%s/%s/%s"):format(names.FlowName, names.ExecutionName,
        names.MapRunName)) .. "  ", text, "\n")
    end
  end
end

local function tell_json(_, run, state, wait)
  local names = wait.params
  io.stderr:write(output.text({ FlowName = names.FlowName, ExecutionName = names.ExecutionName,
    MapRunName = names.MapRunName, Status = run.Status, ItemCounts = run.ItemCounts, progress = state:report() },
    { format = "jsonl" }))
end

--- Whether the terminal shows more than ASCII, and colour.
local function style_of(getenv)
  local function given(name)
    local value = getenv(name)
    return value and value ~= "" and value or nil
  end
  local locale = given "LC_ALL" or given "LC_CTYPE" or given "LANG" or ""
  return { unicode = locale:upper():find "UTF%-?8" ~= nil,
    color = given "CLICOLOR_FORCE" ~= nil and getenv "CLICOLOR_FORCE" ~= "0" or not given "NO_COLOR" }
end

--- Follow a wait.
---@param client fnf.Client
---@param mode "auto"|"json"|"none"|"plain"|"tty"
---@param list table[] names of the MapRuns, as far as they are known
---@return fnf.ProgressReport
function progress.new(client, mode, list)
  if mode == "auto" then
    mode = os.getenv "TERM" ~= "dumb" and require("fnf.cli.terminal").is_one(2) and "tty" or "plain"
  end
  if mode == "tty" then
    return require("fnf.cli.live").new(client, list, style_of(os.getenv))
  end
  return setmetatable({ changed = mode == "plain" and tell_lines(#list == 1) or mode == "json" and tell_json or nil },
    Report)
end

return progress
