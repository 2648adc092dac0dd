--- What is known of a failed MapRun, and the same as a text of a screen. Pure.
-- SPDX-License-Identifier: MIT

local cause = require "fnf.execution.cause"
local number = require "fnf.number"
local time = require "fnf.time"
local tolerance = require "fnf.wait.tolerance"

local report = {}

---@class fnf.FailureExample
---@field Name string of the child execution
---@field Input? string its first 1,024 bytes
---@field Cause? string its first 1,024 bytes

---@class fnf.FailureGroup children with the same Error whose causes have the same form
---@field Error string the child's Status where its history names none
---@field form string the causes' common form: numbers, times, hashes and quoted words replaced
---@field count integer of those that were looked at
---@field examples fnf.FailureExample[]

---@class fnf.SlowItem
---@field Name string
---@field seconds number
---@field Input? string

---@class fnf.MapRunReport tostring() of it is a text of a screen
---@field FlowName string
---@field ExecutionName string
---@field MapRunName string
---@field Status string of the MapRun
---@field ItemCounts? table of the MapRun
---@field failed integer children listed that failed or timed out
---@field sampled integer of those whose causes were read
---@field even boolean `sampled` is an even sample, and not all of them
---@field groups fnf.FailureGroup[] the largest first
---@field slowest fnf.SlowItem[] of the failed ones
---@field tolerated? integer items that may fail, by the tighter limit
---@field tolerance_used? number failed items by `tolerated`; nil where none may fail
---@field first_failure? string the time
---@field last_failure? string
---@field first_after? number seconds from the start of the MapRun to the first failure
---@field warnings string[]
---@field complete boolean false: the time was up, or the list broke off
local Report = { __name = "fnf.MapRunReport" }
Report.__index = Report

local MOST = 1024 -- bytes of an input or a cause that are kept
local SLOWEST = 3

---@param params table the three names
---@return fnf.MapRunReport
function report.new(params)
  return setmetatable({ FlowName = params.FlowName, ExecutionName = params.ExecutionName,
    MapRunName = params.MapRunName, failed = 0, sampled = 0, even = false, groups = {}, slowest = {}, warnings = {},
    complete = false }, Report)
end

local function text_or_nil(value)
  return type(value) == "string" and cause.cut(value, MOST) or nil
end

--- What is kept of a child: little, for there may be thousands.
---@param child fnf.MapRunChild
---@return fnf.MapRunChild
function report.shorten(child)
  return { Name = child.Name, Status = child.Status, Input = text_or_nil(child.Input) }
end

---- what is seen ----

local function note_duration(self, child, started, stopped)
  local seconds = started and stopped and stopped - started
  if not seconds or #self.slowest == SLOWEST and seconds <= self.slowest[SLOWEST].seconds then
    return
  end
  local place = #self.slowest + 1
  while place > 1 and self.slowest[place - 1].seconds < seconds do
    place = place - 1
  end
  table.insert(self.slowest, place, { Name = child.Name, seconds = seconds, Input = text_or_nil(child.Input) })
  self.slowest[SLOWEST + 1] = nil
end

--- The description of the MapRun.
---@param run table
function Report:see_run(run)
  self.Status, self.ItemCounts, self.started = run.Status, run.ItemCounts, time.from_rfc3339(run.StartedTime)
  local counts = type(run.ItemCounts) == "table" and run.ItemCounts or {}
  local total, failed = tonumber(counts.Total), tonumber(counts.Failed)
  if total and failed then
    self.tolerated = tolerance.of(run, total)
    self.tolerance_used = self.tolerated > 0 and failed / self.tolerated or nil
  end
end

--- A child that failed, whether or not its cause will be read.
---@param child fnf.MapRunChild
function Report:see(child)
  self.failed = self.failed + 1
  local stopped = time.from_rfc3339(child.StoppedTime)
  note_duration(self, child, time.from_rfc3339(child.StartedTime), stopped)
  if stopped and stopped < (self.first or math.huge) then
    self.first, self.first_failure = stopped, child.StoppedTime
    self.first_after = self.started and math.max(0, stopped - self.started) or nil
  end
  if stopped and stopped > (self.last or -math.huge) then
    self.last, self.last_failure = stopped, child.StoppedTime
  end
end

--- A child of the sample, with what is known of its end.
---@param child fnf.MapRunChild
---@param examples integer of a group at most
function Report:explain(child, examples)
  local name, form = text_or_nil(child.Error) or text_or_nil(child.Status) or "?", cause.form(child.Cause)
  local key = name .. "\0" .. form
  self.by_key = self.by_key or {}
  local group = self.by_key[key]
  if not group then
    group = { Error = name, form = form, count = 0, examples = {} }
    self.by_key[key], self.groups[#self.groups + 1] = group, group
  end
  group.count, self.sampled = group.count + 1, self.sampled + 1
  if #group.examples < examples then
    group.examples[#group.examples + 1] = { Name = child.Name, Input = child.Input, Cause = text_or_nil(child.Cause) }
  end
end

--- Bring it to an end: the largest group first, and nothing left but what is documented.
---@return fnf.MapRunReport
function Report:finish()
  self.even = self.sampled < self.failed
  self.by_key, self.started, self.first, self.last = nil, nil, nil, nil
  for place, group in ipairs(self.groups) do
    group.place = place -- table.sort keeps no order among equals
  end
  table.sort(self.groups, function(a, b)
    if a.count ~= b.count then
      return a.count > b.count
    end
    return a.place < b.place
  end)
  for _, group in ipairs(self.groups) do
    group.place = nil
  end
  return self
end

---- a text of a screen ----

local WIDTH, MOST_GROUPS = 110, 6

--- One line; what could steer a terminal is taken out of it.
local function line(text)
  text = text:gsub("[%z\1-\31\127]+", " "):gsub("\194[\128-\159]", " ")
  return cause.cut(text, WIDTH)
end

local function head(self)
  local counts = type(self.ItemCounts) == "table" and self.ItemCounts or {}
  local text = ("%s/%s/%s: %s"):format(tostring(self.FlowName), tostring(self.ExecutionName),
    tostring(self.MapRunName), tostring(self.Status))
  if counts.Failed and counts.Total then
    text = text .. (", %s of %s items failed"):format(tostring(counts.Failed), tostring(counts.Total))
  end
  return text
end

local function tolerance_line(self)
  if self.tolerance_used then
    return ("tolerated: %.0f failed items, of which %.0f %% are used"):format(self.tolerated, self.tolerance_used * 100)
  end
  return self.tolerated and "tolerated: none"
end

local function times_line(self)
  if not self.first_failure then
    return nil
  end
  return ("failures: %d, first at %s%s, last at %s"):format(self.failed, self.first_failure,
    self.first_after and (" (%.0f s after the start)"):format(self.first_after) or "", self.last_failure)
end

local function add_groups(self, lines)
  for index, group in ipairs(self.groups) do
    if index > MOST_GROUPS then
      lines[#lines + 1] = ("  ... and %d more kinds"):format(#self.groups - MOST_GROUPS)
      return
    end
    lines[#lines + 1] = ("  %d  %s: %s"):format(group.count, group.Error, group.form)
    local example = group.examples[1]
    if example then
      lines[#lines + 1] = ("       such as %s  %s"):format(tostring(example.Name), example.Input or "")
    end
  end
end

--- At most a screen: 24 lines of 113 bytes.
function Report:__tostring()
  local lines = { head(self) }
  lines[#lines + 1] = tolerance_line(self) or nil
  lines[#lines + 1] = times_line(self)
  if self.failed == 0 then
    lines[#lines + 1] = "no failed items"
  elseif self.even then
    lines[#lines + 1] = ("%d of the %d failed ones, evenly chosen:"):format(self.sampled, self.failed)
  end
  add_groups(self, lines)
  for _, slow in ipairs(self.slowest) do
    lines[#lines + 1] = number.format("slowest: %.1f s  ", slow.seconds) .. tostring(slow.Name)
  end
  for _, warning in ipairs(self.warnings) do
    lines[#lines + 1] = "warning: " .. warning
  end
  if not self.complete then
    lines[#lines + 1] = "not complete: it ended before all was found"
  end
  for index, text in ipairs(lines) do
    lines[index] = line(text)
  end
  return table.concat(lines, "\n")
end

return report
