--- Ask until the answer is final.
-- SPDX-License-Identifier: MIT
--
-- A wait returns the final description, whatever its Status; it fails only if it could not find out. One bad answer
-- never ends it: what may heal is counted and asked again, what cannot (403, a bad parameter, an unknown name) ends it
-- at once. It never outlives its deadline.

local errors = require "fnf.errors"
local progress = require "fnf.progress"

local waiter = {}

---@class fnf.WaitOptions
---@field timeout? number seconds for the whole wait; none by default
---@field initial_delay? number seconds before the first look (0)
---@field min_delay? number seconds between two looks at least (1)
---@field max_delay? number seconds between two looks at most (30)
---@field max_polls? integer looks at most
---@field until_status? string|string[] statuses that end the wait besides the final ones
---@field on_progress? fun(run: table, progress: fnf.Progress) called after every answer
---@field cancel? fun(): any asked ten times a second; true ends the wait

local MIN_DELAY, MAX_DELAY = 1, 30 -- seconds; the quota refills two looks a second for the whole account
local FIRST_ANSWER = 300 -- seconds: a wait that never had an answer, and has no timeout, asks the wrong address
local RESERVE = 1 -- seconds kept for a last look before the deadline
local HOLD = 30 -- seconds the service is asked to keep a look open: less than middlemen let a silent connection live
local SHORTEST = 0.01 -- seconds: a look that would follow sooner is none worth making

--- Rows of `fnf.check` for those options.
---@type table<string, fnf.Row>
waiter.options = {
  timeout = { type = "seconds" },
  initial_delay = { type = "seconds", zero = true },
  min_delay = { type = "seconds", minimum = SHORTEST },
  max_delay = { type = "seconds", minimum = SHORTEST },
  max_polls = { type = "integer", minimum = 1 },
  until_status = { type = "any" },
  on_progress = { type = "function" },
  cancel = { type = "function" },
}

---@class fnf.Observed
---@field polls integer looks, answered or not
---@field failures integer looks that failed, retries included in each
---@field statuses table<string, integer> answers by Status
---@field errors table<string, integer> failures by code or kind

local function ending_set(final, until_status)
  local set = {}
  for name in pairs(final) do
    set[name] = true
  end
  for _, name in ipairs(type(until_status) == "table" and until_status or { until_status }) do
    set[name] = true
  end
  return set
end

--- What is wrong with the options beyond the type of each, or nil.
---@param options fnf.WaitOptions
---@return string|nil
function waiter.refuse(options)
  local names = options.until_status
  if options.min_delay and options.max_delay and options.min_delay > options.max_delay then
    return "option min_delay is greater than max_delay"
  elseif names ~= nil and type(names) ~= "string" and type(names) ~= "table" then
    return "option until_status must be a string or a list of strings"
  end
  for key, name in pairs(type(names) == "table" and names or {}) do
    if type(key) ~= "number" or type(name) ~= "string" then
      return "option until_status must be a string or a list of strings"
    end
  end
end

local function tally(counts, name)
  counts[name] = (counts[name] or 0) + 1
end

--- Whether a failed look may be followed by another. Whatever the world may mend by itself is; a deadline of the
--- look's own is, too. Misuse, refusals and missing things are not.
---@param err fnf.Error
---@return boolean
function waiter.may_heal(err)
  return err.retryable == true or err.kind == "timeout"
end

--- An error of the wait: what was last seen, and how often what.
local function give_up(wait, fields)
  fields.operation = wait.row.action
  local err = errors.is(fields) and fields or errors.new(fields)
  err.last, err.observed = wait.last, wait.observed
  wait.client:tell("done", { operation = wait.row.action, error = err, polls = wait.observed.polls })
  return nil, err
end

local function timed_out(wait, message)
  local status = wait.last and wait.last.Status
  return give_up(wait, {
    kind = "timeout",
    message = message .. (status and ", still " .. status or ", without one good answer")
      .. (wait.trouble and "; last trouble: " .. tostring(wait.trouble) or ""),
    retryable = true,
  })
end

local function succeed(wait, run)
  wait.client:tell("done", { operation = wait.row.action, status = run.Status, polls = wait.observed.polls })
  return run
end

--- Take in the answer to a look; whether it ends the wait.
local function see(wait, run)
  wait.last, wait.reached, wait.misses, wait.trouble = run, true, 0, nil
  tally(wait.observed.statuses, tostring(run.Status))
  wait.progress:see(run, wait.platform.now())
  wait.client:tell("progress", { operation = wait.row.action, run = run, progress = wait.progress })
  if wait.options.on_progress then
    wait.options.on_progress(run, wait.progress)
  end
  return wait.ending[run.Status]
end

--- Take in a failed look; whether another may follow.
local function miss(wait, err)
  if err.kind == "cancelled" then
    return false
  end
  wait.misses, wait.trouble = wait.misses + 1, err
  wait.reached = wait.reached or err.kind == "service"
  wait.observed.failures = wait.observed.failures + 1
  tally(wait.observed.errors, err.code or err.kind)
  wait.client:tell("warning", { operation = wait.row.action, error = err, misses = wait.misses })
  return waiter.may_heal(err)
end

local function left(wait)
  return wait.deadline and wait.deadline - wait.platform.now() or math.huge
end

--- Seconds to the next look. The last one is drawn forward, so that the deadline does not pass in sleep.
local function next_delay(wait)
  local delay = wait.progress:next_look(wait.misses, wait.limits, wait.platform.random())
  local hint = wait.trouble and wait.trouble.retry_after
  if hint then
    delay = math.max(delay, math.min(hint, 60))
  end
  local remaining = left(wait)
  if delay >= remaining then
    delay = remaining - math.min(RESERVE, wait.options.timeout / 10)
  end
  return delay
end

--- The parameters of a look that the service is to hold open, not past the deadline.
local function held(wait, remaining)
  local name = wait.row.holds
  if not name then
    return wait.params
  end
  local params = {}
  for key, value in pairs(wait.params) do
    params[key] = value
  end
  local hold = params[name] or HOLD
  if remaining < hold + RESERVE then
    hold = math.max(0, math.floor(remaining - RESERVE))
  end
  params[name] = hold
  return params
end

local function look(wait)
  wait.observed.polls = wait.observed.polls + 1
  local remaining = left(wait)
  wait.client:tell("poll", { operation = wait.row.action, poll = wait.observed.polls })
  wait.looked = wait.platform.now()
  return wait.client:perform(wait.row, held(wait, remaining), {
    deadline = remaining < math.huge and remaining or nil,
    cancel = wait.options.cancel,
  }, wait.platform)
end

local function no_end(wait)
  return ("no end in %g seconds"):format(wait.options.timeout)
end

--- Why no further look may follow after `delay`, in words; nil if one may.
local function is_over(wait, delay)
  if wait.observed.polls >= (wait.options.max_polls or math.huge) then
    return ("no end after %d looks"):format(wait.observed.polls)
  elseif not wait.reached and not wait.deadline and wait.platform.now() - wait.started >= FIRST_ANSWER then
    return ("no end in %d seconds"):format(FIRST_ANSWER)
  elseif delay < SHORTEST then
    return no_end(wait)
  end
end

--- What was asked, whatever the caller makes of the table while we wait.
local function keep(row, params)
  local kept = {}
  for name in pairs(row.parameters) do
    kept[name] = params[name]
  end
  return kept
end

--- Wait for the end of what an operation describes.
---@param client fnf.Client
---@param row fnf.Operation one with final statuses
---@param params table checked
---@param options fnf.WaitOptions checked
---@return table|nil run the final description
---@return fnf.Error|nil
function waiter.wait(client, row, params, options)
  local platform = client:platform()
  local started = platform.now()
  local wait = {
    client = client, row = row, params = keep(row, params), options = options, platform = platform, started = started,
    deadline = options.timeout and started + options.timeout, ending = ending_set(row.final, options.until_status),
    progress = progress.new(), misses = 0,
    observed = { polls = 0, failures = 0, statuses = {}, errors = {} },
  }
  local min = options.min_delay or math.min(MIN_DELAY, options.max_delay or MIN_DELAY)
  wait.limits = { min_delay = min, max_delay = options.max_delay or math.max(MAX_DELAY, min) }
  local delay = options.initial_delay or 0
  while true do
    if delay > 0 then
      local slept, reason = platform.sleep(math.min(delay, left(wait)), options.cancel)
      if not slept then
        return give_up(wait, reason or errors.cancelled())
      end
    end
    if left(wait) <= 0 then
      return timed_out(wait, no_end(wait))
    end
    local run, err = look(wait)
    if run and see(wait, run) then
      return succeed(wait, run)
    elseif err and not miss(wait, err) then
      return give_up(wait, err)
    end
    delay = next_delay(wait)
    local over = is_over(wait, delay)
    if over then
      return timed_out(wait, over)
    end
    if row.holds then -- the time that a look was held open has been waited already
      delay = delay - (platform.now() - wait.looked)
    end
  end
end

return waiter
