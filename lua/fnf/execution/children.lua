--- The child executions of a MapRun: page after page, with the cause of each that ended badly, in constant memory.
-- SPDX-License-Identifier: MIT
--
-- The service lists them by ListExecutions with MapRunName; an execution's history says what ended it (API.md sections
-- 3 and 6). How soon a child is listed, and whether express ones are kept at all, is not documented; so what is listed
-- is compared with the counts of the MapRun, and a difference is told.

local cause = require "fnf.execution.cause"
local errors = require "fnf.errors"
local operations = require "fnf.operations"
local pages = require "fnf.call.pages"

local children = {}

local DESCRIBE, LIST, HISTORY = operations.describe_map_run, operations.list_executions,
  operations.get_execution_history

---@class fnf.MapRunChildrenParameters
---@field FlowName string
---@field ExecutionName string of the parent
---@field MapRunName string
---@field Status? "Starting"|"Running"|"Stopped"|"Succeeded"|"Failed"|"TimedOut" all by default
---@field Limit? integer children a page, 1 to 99

--- Rows of `fnf.check` for them.
---@type table<string, fnf.Row>
children.parameters = {
  FlowName = DESCRIBE.parameters.FlowName, ExecutionName = DESCRIBE.parameters.ExecutionName,
  MapRunName = DESCRIBE.parameters.MapRunName, Status = LIST.parameters.Status, Limit = LIST.parameters.Limit,
}

---@class fnf.MapRunChildrenOptions: fnf.CallOptions
---@field causes? boolean read Error and Cause of those that ended badly out of their histories, one request each
---@field on_progress? fun(seen: integer, expected: integer|nil) called after every page; expected by the counts

--- Rows of `fnf.check` for what is no option of every call.
---@type table<string, fnf.Row>
children.options = { causes = { type = "boolean" }, on_progress = { type = "function" } }

--- Children whose items failed. The counts have no counter of those that timed out; they fail their item (inferred).
children.FAILED = { "Failed", "TimedOut" }

local PAGE = 99 -- children
local SHORT_PAGE = 9 -- where a page is more than an answer may be: inputs and outputs have up to 64 KiB each
local AT_ONCE = 8 -- histories that are asked for at the same time
local ATTEMPTS = 6 -- of a request: a list of a hundred pages must not end by one that stumbled

--- Statuses of children, and how many of each there are by the counts of the MapRun.
local COUNTERS = { Succeeded = { "Succeed" }, Failed = { "Failed" }, all = { "Succeed", "Failed" } }
local BAD = { Failed = true, TimedOut = true, Stopped = true }

---@class fnf.MapRunChild: fnf.Execution an entry of ListExecutions, and with `causes`:
---@field Error? string
---@field Cause? string

---@class fnf.MapRunChildren a walk through them
---@field run? table the MapRun as it was described at the start
---@field seen integer children so far
---@field warnings string[] what the caller ought to know, each told as an event as well
---@field package causes boolean
local Children = {}
Children.__index = Children

--- Limits of every request, and the quota of its operation.
local function limits_of(client, options, row, limits)
  return { deadline = limits.deadline, cancel = limits.cancel, attempt_timeout = limits.attempt_timeout,
    max_attempts = options.max_attempts or ATTEMPTS, rate_limiter = client:rate_limiter(row) }
end

--- A walk through the children of a MapRun.
---@param client fnf.Client
---@param params fnf.MapRunChildrenParameters
---@param options fnf.MapRunChildrenOptions
---@param statuses? string[] several, instead of `params.Status`: those after the first unless the counts say no more
---@return fnf.MapRunChildren
function children.walk(client, params, options, statuses)
  local platform = client:choose_platform()
  local limits = client:limits(options, platform)
  return setmetatable({
    client = client, platform = platform, params = params, options = options, limits = limits, seen = 0,
    statuses = statuses or { params.Status or "all" }, status_at = 0, warnings = {}, warned = {}, causes = true,
    page = {}, at = 0, before = {},
    listing = limits_of(client, options, LIST, limits), history = limits_of(client, options, HISTORY, limits),
  }, Children)
end

--- Tell what the caller ought to know, each kind of it once.
local function warn(self, kind, row, message, err)
  if not self.warned[kind] then
    self.warned[kind] = true
    self.warnings[#self.warnings + 1] = message
    self.client:tell("warning", { operation = row.action, message = message, error = err })
  end
end

---- what the counts say ----

--- Children there must be of the first status, or nil where the counts do not tell.
---@return integer|nil
function Children:expected()
  local counts, sum = self.run and self.run.ItemCounts, 0
  for _, name in ipairs(type(counts) == "table" and COUNTERS[self.statuses[1]] or {}) do
    sum = sum + (tonumber(counts[name]) or 0)
  end
  return type(counts) == "table" and COUNTERS[self.statuses[1]] and sum or nil
end

local function compare(self)
  local expected = self:expected()
  if expected and self.seen < expected then
    warn(self, "fewer", LIST, ("ListExecutions lists %d of %d children: its list may be late, express children may not "
      .. "be kept, or items went in batches"):format(self.seen, expected))
  end
  if not DESCRIBE.final[self.run.Status] then
    warn(self, "open", DESCRIBE, ("the MapRun is still %s: these are its children so far"):format(
      tostring(self.run.Status)))
  end
end

---- pages ----

local function describe(self)
  local err
  self.run, err = self.client:perform(DESCRIBE, { FlowName = self.params.FlowName,
    ExecutionName = self.params.ExecutionName, MapRunName = self.params.MapRunName },
    limits_of(self.client, self.options, DESCRIBE, self.limits), self.platform)
  return err
end

--- Begin with the next status; false after the last that is worth a request.
local function next_status(self)
  local expected = self:expected()
  if self.status_at >= #self.statuses or self.status_at > 0 and expected and self.seen >= expected then
    return false
  end
  self.status_at = self.status_at + 1
  local status = self.statuses[self.status_at]
  self.pages = pages.walk(self.client, LIST, { FlowName = self.params.FlowName, MapRunName = self.params.MapRunName,
    Status = status ~= "all" and status or nil, Limit = self.params.Limit or PAGE }, self.listing)
  return true
end

--- The entries of a page, but for those of the last one: a list that grows while it is read may move on.
local function fresh(self, entries)
  local names, list = {}, {}
  for _, entry in ipairs(entries) do
    local name = type(entry) == "table" and type(entry.Name) == "string" and entry.Name
    if name and not self.before[name] and not names[name] then
      list[#list + 1] = entry
    end
    names[name or 0] = true
  end
  self.before = names
  return list
end

--- Fetch the next page that holds anything; false after the last.
---@return boolean more
---@return fnf.Error|nil
local function turn(self)
  local err = not self.run and describe(self) or nil
  if err then
    return false, err
  end
  repeat
    local page
    if self.pages then
      page, err = self.pages:next()
    end
    if err and not (err.kind == "protocol" and self.pages:shorten(SHORT_PAGE)) then
      return false, err
    elseif page then
      self.page, self.at = fresh(self, page[LIST.items] or {}), 0
      self.seen = self.seen + #self.page
      if self.options.on_progress then
        self.options.on_progress(self.seen, self:expected())
      end
    elseif not err and not next_status(self) then
      compare(self)
      return false
    end
  until #self.page > self.at
  return true
end

--- The next few children without their causes: nil after the last, nil and an error where the list breaks off.
---@return fnf.MapRunChild[]|nil
---@return fnf.Error|nil
function Children:next()
  if self.at >= #self.page then
    local more, err = turn(self)
    if not more then
      return nil, err
    end
  end
  local few = {}
  while #few < AT_ONCE and self.at < #self.page do
    self.at = self.at + 1
    few[#few + 1] = self.page[self.at]
  end
  return few
end

---- causes ----

--- Whether a history that could not be read ends all: the time is up, or there is no going on.
local function is_fatal(self, err)
  return errors.is_own(err) or err.kind == "credentials" or err.kind == "timeout" and self.limits.deadline ~= nil
end

--- A child that says nothing of its end: whether that of others is worth asking for.
local function miss(self, child, err)
  if is_fatal(self, err) then
    return err
  elseif err.status == 401 or err.status == 403 then
    self.causes = false
    warn(self, "denied", HISTORY, "the key may not read histories, so the causes are unknown: " .. tostring(err), err)
  else
    warn(self, "unread", HISTORY, ("the history of %s cannot be read, so its cause is unknown: %s"):format(
      tostring(child.Name), tostring(err)), err)
  end
end

--- Read the end of one child.
---@return fnf.Error|nil fatal
local function read_ending(self, child)
  local walk = pages.walk(self.client, HISTORY, { FlowName = self.params.FlowName, ExecutionName = child.Name,
    Limit = HISTORY.parameters.Limit.maximum }, self.history)
  local ending = cause.ending()
  repeat
    local page, err = walk:next()
    if err then
      return miss(self, child, err)
    end
    for _, event in ipairs(page and page[HISTORY.items] or {}) do
      ending:see(event)
    end
  until not page
  child.Error, child.Cause = child.Error or ending.Error, child.Cause or ending.Cause
end

--- Add Error and Cause to children that ended badly, several at a time within the quota.
---@param list fnf.MapRunChild[] a few
---@return fnf.Error|nil fatal the time is up, say; what was read until then is there
function Children:add_causes(list)
  local fatal, tasks = nil, {}
  for _, child in ipairs(list) do
    if BAD[child.Status] then
      tasks[#tasks + 1] = function()
        if self.causes and not fatal then
          fatal = read_ending(self, child) or fatal
        end
        return true
      end
    end
  end
  local gather = self.platform.gather
  if gather and #tasks > 1 then
    local _, err = gather(tasks, self.limits.cancel)
    return fatal or err
  end
  for _, task in ipairs(tasks) do
    task()
  end
  return fatal
end

--- An iterator over the children of a MapRun. It raises the error object where they cannot be found out, after all that
--- were found.
---@param client fnf.Client
---@param params fnf.MapRunChildrenParameters
---@param options fnf.MapRunChildrenOptions
---@param statuses? string[] as of `children.walk`
---@return fun(): fnf.MapRunChild|nil
function children.each(client, params, options, statuses)
  local walk = children.walk(client, params, options, statuses)
  local few, at, failure = {}, 0, nil
  return function()
    at = at + 1
    if few[at] == nil then
      if failure then
        error(failure, 0)
      end
      few, failure = walk:next()
      if failure then
        error(failure, 0)
      elseif not few then
        few = {}
        return nil
      end
      failure, at = options.causes and walk:add_causes(few) or nil, 1
    end
    return few[at]
  end
end

return children
