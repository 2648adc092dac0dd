--- Why items of a MapRun failed: its children, and the causes of an even sample of them, as one report.
-- SPDX-License-Identifier: MIT

local children = require "fnf.execution.children"
local report = require "fnf.execution.report"
local sample = require "fnf.execution.sample"

local explain = {}

---@class fnf.ExplainOptions: fnf.CallOptions
---@field examples? integer of each kind of failure (3)
---@field limit? integer children whose causes are read, at most: five a second by the quota (1000)
---@field on_progress? fun(seen: integer, expected: integer|nil, read: integer) failed children listed, and causes read

--- Rows of `fnf.check` for what is no option of every call.
---@type table<string, fnf.Row>
explain.options = { examples = { type = "integer", minimum = 0, maximum = 100 },
  limit = { type = "integer", minimum = 1, maximum = 100000 }, on_progress = { type = "function" } }

local EXAMPLES, LIMIT = 3, 1000
local AT_ONCE = 8 -- causes that are asked for together

local function tell(self)
  if self.options.on_progress then
    self.options.on_progress(self.report.failed, self.walk:expected(), self.report.sampled)
  end
end

--- All failed children, of which a sample is kept.
---@return fnf.Error|nil
local function list(self)
  while true do
    local few, err = self.walk:next()
    if self.walk.run and not self.report.Status then
      self.report:see_run(self.walk.run)
    end
    if err or not few then
      return err
    end
    for _, child in ipairs(few) do
      self.report:see(child)
      self.sample:add(report.shorten(child))
    end
    tell(self)
  end
end

--- The causes of the sample. What was asked for when the time was up is reported as far as it is known.
---@return fnf.Error|nil
local function read_causes(self)
  local chosen = self.sample:take()
  for first = 1, #chosen, AT_ONCE do
    local few = {}
    for index = first, math.min(#chosen, first + AT_ONCE - 1) do
      few[#few + 1] = chosen[index]
    end
    local err = self.walk:add_causes(few)
    for _, child in ipairs(few) do
      if not err or child.Error or child.Cause then
        self.report:explain(child, self.options.examples or EXAMPLES)
      end
    end
    if err then
      return err
    end
    tell(self)
  end
end

--- Why items of a MapRun failed.
---@param client fnf.Client
---@param params fnf.MapRunChildrenParameters
---@param options fnf.ExplainOptions
---@return fnf.MapRunReport|nil
---@return fnf.Error|nil err with `report`, what was found so far, unless nothing was
function explain.run(client, params, options)
  local self = { options = options, report = report.new(params), sample = sample.new(options.limit or LIMIT) }
  self.walk = children.walk(client, params, { max_attempts = options.max_attempts, timeout = options.timeout,
    attempt_timeout = options.attempt_timeout, cancel = options.cancel }, children.FAILED)
  local err = list(self) or read_causes(self)
  self.report.warnings, self.report.complete = self.walk.warnings, err == nil
  self.report:finish()
  if err then
    err.report = self.walk.run and self.report or nil
    return nil, err
  end
  return self.report
end

return explain
