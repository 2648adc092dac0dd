--- What a wait has seen, as a text to go on with elsewhere: JSON behind a check sum, never code, never a secret.
-- SPDX-License-Identifier: MIT

local check = require "fnf.check"
local errors = require "fnf.errors"
local json = require "fnf.json"
local progress = require "fnf.wait.progress"
local wait = require "fnf.wait.wait"

local checkpoint = {}

local HEAD = "fnf-wait-1"
local ACTION = "DescribeMapRun"
local LONGEST = 64 * 1024 -- bytes: what is longer is none of ours
local OLDEST = 366 * 86400 -- seconds

local COUNT = { type = "integer", minimum = 0, maximum = 2 ^ 52, required = true }
local FIGURE = { type = "number", minimum = 0, maximum = 2 ^ 52 }
local TIME = { type = "number", minimum = -OLDEST, maximum = OLDEST }
local TALLY = { type = "table", required = true }

--- Rows of `fnf.check` for what a checkpoint holds.
local ROWS = { action = { type = "name", required = true }, host = { type = "name", required = true },
  params = TALLY, written = { type = "number", required = true }, polls = COUNT, failures = COUNT, statuses = TALLY,
  errors = { type = "table" }, progress = TALLY }

--- Fields of fnf.Progress, and those that are times of this process's clock: written as seconds ago.
local PROGRESS = { polls = COUNT, total = FIGURE, done = FIGURE, aborted = FIGURE, share = FIGURE,
  failed = FIGURE, rate = FIGURE, tolerated = FIGURE, base = FIGURE, running = FIGURE, most = FIGURE, item = FIGURE,
  batch = FIGURE, wave = FIGURE, first = TIME, at = TIME, moved = TIME, ended = TIME }
local WITH_COUNTS = { "done", "aborted", "share", "failed", "tolerated", "base", "running", "most", "batch", "first",
  "at", "moved", "ended" }

--- Damage is to be noticed; who wants to forge a checkpoint may.
local function sum(text)
  local a, b = 1, 0
  for i = 1, #text do
    a = (a + text:byte(i)) % 65521
    b = (b + a) % 65521
  end
  return ("%04x%04x"):format(b, a)
end

local function is_progress(saved)
  if check.table(saved, PROGRESS, "field") then
    return false
  end
  if not saved.total then -- the last answer had no counts
    return not (saved.done or saved.share or saved.failed) and (not saved.at or saved.first ~= nil)
  end
  for _, name in ipairs(WITH_COUNTS) do
    if saved[name] == nil then
      return false
    end
  end
  return saved.total > 0 and saved.done <= saved.total and saved.aborted <= saved.done
    and (saved.item ~= nil or saved.done - saved.aborted <= saved.base)
end

--- What is known of the progress; of counts that make no sense together only how many there were.
local function saved_progress(seen, now)
  local saved = {}
  for name, row in pairs(PROGRESS) do
    local value = seen[name]
    if value and value == value and value < math.huge then
      saved[name] = row == TIME and now - value or value
    end
  end
  return is_progress(saved) and saved or { polls = seen.polls }
end

--- What a wait for a MapRun has seen, as a checkpoint. Of an execution there is nothing to know but its Status.
---@param self fnf.Wait
---@return string
function checkpoint.write(self)
  local context = self.context
  if context.row.action ~= ACTION then
    error("wait:checkpoint: only a wait for a MapRun has one; wait_execution begins anew where this one ends", 2)
  end
  local text = json.encode {
    action = context.row.action, host = context.client:host(), params = self.params, polls = self.polls,
    failures = self.failures, statuses = self.statuses, errors = self.errors, written = context.platform.time(),
    progress = saved_progress(self.progress, context.platform.now()),
  }
  return ("%s.%s.%s"):format(HEAD, sum(text), text)
end

wait.add("checkpoint", checkpoint.write)

---- reading ----

--- The checkpoint as a table that can be trusted to be one, or why it cannot.
local function parse(text, row, host)
  local head, found_sum, body = text:sub(1, LONGEST):match("^([%w-]+)%.(%x+)%.(.*)$")
  if #text > LONGEST or head ~= HEAD then
    return nil, "it is no checkpoint of this library"
  elseif found_sum ~= sum(body) then
    return nil, "the checkpoint is damaged"
  end
  local found = json.decode(body)
  local problem = check.table(found, ROWS, "field")
  if problem or found.action ~= row.action or not wait.are_counts(found.statuses)
    or not wait.are_counts(found.errors or {}) or not is_progress(found.progress)
    or check.table(found.params, row.parameters, "parameter") then
    return nil, "the checkpoint holds what no wait can have seen"
  elseif found.host ~= host then
    return nil, ("the checkpoint is of a wait at %s, this client asks %s"):format(found.host, host)
  end
  return found
end

local function restore(self, found)
  local platform = self.context.platform
  local now = platform.now()
  local away = math.max(0, math.min(OLDEST, platform.time() - found.written))
  local seen = progress.new()
  for name, value in pairs(found.progress) do
    seen[name] = PROGRESS[name] == TIME and now - away - value or value
  end
  self.progress, self.polls, self.failures = seen, found.polls, found.failures
  self.statuses, self.errors = found.statuses, found.errors
end

--- The wait that a checkpoint tells of.
---@param context fnf.WaitContext
---@param text string
---@return fnf.Wait|nil
---@return fnf.Error|nil
function checkpoint.read(context, text)
  local found, problem = parse(text, context.row, context.client:host())
  if not found then
    return nil, errors.new { kind = "protocol", message = "cannot resume: " .. problem,
      operation = context.row.action }
  end
  local self = wait.new(context, found.params)
  restore(self, found)
  return self
end

return checkpoint
