--- One wait: what it has seen, and the next poll.
-- SPDX-License-Identifier: MIT
--
-- A wait ends with the final description, whatever its Status; it fails only if it could not find out. One bad answer
-- never ends it: what may heal is counted and asked again, what cannot (403, a bad parameter, an unknown name) ends it
-- at once. It never outlives its deadline. One subject: the options, the steps and the ends of a single wait.

local check = require "fnf.check"
local errors = require "fnf.errors"
local number = require "fnf.number"
local progress = require "fnf.wait.progress"
local retry = require "fnf.call.retry"
local time = require "fnf.time"

local floor, huge, max, min = math.floor, math.huge, math.max, math.min

local wait = {}

-- Seconds. The bucket of ten and the two polls a second of the quota serve several waits near their end at once.
local MIN_DELAY, MAX_DELAY = 0.4, 120
local HOLD = 30 -- seconds the service is asked to keep a poll open: less than middlemen let a silent connection live
local FIRST_ANSWER = 300 -- seconds: a wait that never had an answer, and has no timeout, asks the wrong address
local WRONG_ADDRESS = 10 -- seconds: so long a name that nobody knows is taken for a passing failure of the name servers
local RESERVE = 1 -- seconds kept for a last poll before the deadline
local SHORTEST = 0.01 -- seconds: a poll that would follow sooner is none worth making
local YOUNGEST = 5 -- seconds: times come without a fraction, so the age of a younger run is mostly rounding
local MOST_NAMES, LONGEST_NAME = 16, 64 -- statuses or codes counted by name, and bytes of one
local LONG_WORD = 9 -- letters
local OTHER = "other" -- all beyond
local COUNT = { type = "integer", minimum = 0, maximum = 2 ^ 52 }
local MOST_LOOKS = 3 -- at what others have seen, before a poll of its own
local MOST_REFUSALS = 3 -- polls in a row whose cure was tried and did not help
local OLDEST = 366 * 86400 -- seconds: an execution may take a year; a run older than that has a wrong clock

---@class fnf.WaitOptions
---@field timeout? number seconds for the whole wait; none by default
---@field initial_delay? number seconds before the first poll (0)
---@field min_delay? number seconds between two polls at least (0.4)
---@field max_delay? number seconds between two polls at most (120; 30 where the service holds polls open)
---@field max_polls? integer polls at most
---@field until_status? string|string[] statuses that end the wait besides the final ones
---@field on_progress? fun(run: table, progress: fnf.Progress, wait: fnf.Wait) called after every answer
---@field cancel? fun(): any asked ten times a second; true ends the wait
---@field traceparent? string W3C Trace Context that its requests carry; the client's own unless given

---@class fnf.ContextOptions: fnf.WaitOptions and what only this library gives
---@field stall_after? number as of fnf.RunWaitOptions
---@field fail_fast? boolean as of fnf.RunWaitOptions
---@field deadline? number of the wait by the platform's clock, instead of `timeout`
---@field started? number when it began; now unless given
---@field limits? { min_delay: number, max_delay: number } instead of the two options
---@field max_attempts? integer attempts of a poll; the client's own unless given
---@field rate_limiter? fnf.RateLimiter|false instead of the client's; false: none
---@field first_answer? number seconds without any answer after which a wait without a deadline gives up (300)

--- Rows of `fnf.check` for the caller's options.
---@type table<string, fnf.Row>
wait.options = {
  timeout = { type = "seconds" },
  initial_delay = { type = "seconds", zero = true },
  min_delay = { type = "seconds", minimum = SHORTEST },
  max_delay = { type = "seconds", minimum = SHORTEST },
  max_polls = { type = "integer", minimum = 1 },
  until_status = { type = "any" },
  on_progress = { type = "function" },
  cancel = { type = "function" },
  traceparent = { type = "traceparent" },
}

---@class fnf.WaitContext what several waits have in common
---@field client fnf.Client
---@field row fnf.Operation
---@field options fnf.ContextOptions
---@field platform fnf.Platform
---@field rate_limiter? fnf.RateLimiter
---@field open integer waits that have not ended
---@field answers? fnf.SharedAnswers what other processes see
---@field started number
---@field deadline? number
---@field ending table<string, boolean> statuses that end a wait
---@field others? fnf.Others who may tell of the ends
---@field plan_anew? fun() called when the quota is found to be much larger
---@field first? number when the first of several that began together is polled
---@field hold number seconds the service is asked to keep a poll open, where it does
---@field limits { min_delay: number, max_delay: number }
---@field of_poll table options of the call that a poll is
---@field first_answer number seconds without any answer after which a wait without a deadline gives up

---@class fnf.Observed
---@field polls integer polls, answered or not
---@field failures integer polls that failed, retries included in each
---@field statuses table<string, integer> answers by Status
---@field errors table<string, integer> failures by code or kind

---@class fnf.Wait one of them: small, for there may be ten thousand; so what most never have is in the class
---@field context fnf.WaitContext
---@field params table
---@field progress fnf.Progress
---@field polls integer
---@field failures integer
---@field misses? integer failed polls since the last answer
---@field refusals integer those of them of a clock or nonce refused although it was mended
---@field statuses table<string, integer>
---@field errors? table<string, integer>
---@field last? table
---@field trouble? fnf.Error
---@field reached? boolean the service has answered, if only by errors
---@field place? integer in the list of those that are waited for together
---@field at? number when it is due, while it is in a heap
---@field overtaken? boolean it is to be polled again at once
---@field checkpoint fun(self: fnf.Wait): string what was asked and seen, without secrets, for `client:resume`
local Wait = { failures = 0, misses = 0, refusals = 0 }
Wait.__index = Wait

---- before the first poll ----

local function ending_set(final, until_status)
  local set = {}
  for name in pairs(final or {}) do
    set[name] = true
  end
  for _, name in ipairs(type(until_status) == "table" and until_status or { until_status }) do
    set[name] = true
  end
  return set
end

--- Whether one word is another but for a slip of the pen: one letter too many, missing or wrong, two exchanged, the
--- case; in a long word two letters too many or missing. "Suspended" is no slip for "Succeeded".
local function is_slip(word, meant)
  local a, b, first, last = word:lower(), meant:lower(), 1, 0
  while first <= #a and a:byte(first) == b:byte(first) do
    first = first + 1
  end
  while last < min(#a, #b) - first + 1 and a:byte(-1 - last) == b:byte(-1 - last) do
    last = last + 1
  end
  a, b = a:sub(first, #a - last), b:sub(first, #b - last)
  local longer, shorter = max(#a, #b), min(#a, #b)
  return longer <= 1 or longer == 2 and (a == b:reverse() or shorter == 0 and #meant >= LONG_WORD)
end

--- A status that is none, but almost one. A status may be newer than this library, so any other passes.
local function validate_status(name, row)
  local known = { "Starting", "Pending", "Running" }
  for status in pairs(row.final) do
    known[#known + 1] = status
  end
  table.sort(known)
  local slip
  for _, status in ipairs(known) do
    if name == status then
      return nil
    end
    slip = slip or is_slip(name, status) and status
  end
  return slip and ("option until_status: no Status %s is known (did you mean %s?)"):format(name:sub(1, LONGEST_NAME),
    slip)
end

--- What is wrong with the options beyond the type of each, or nil.
---@param options fnf.WaitOptions
---@param row fnf.Operation that is polled
---@return string|nil
function wait.validate(options, row)
  local names = options.until_status
  if options.min_delay and options.max_delay and options.min_delay > options.max_delay then
    return "option min_delay is greater than max_delay"
  elseif names ~= nil and type(names) ~= "string" and not (type(names) == "table" and check.is_list(names)) then
    return "option until_status must be a string or a list of strings"
  end
  for _, name in ipairs(type(names) == "table" and names or { names }) do
    if type(name) ~= "string" then
      return "option until_status must be a string or a list of strings"
    end
    local problem = validate_status(name, row)
    if problem then
      return problem
    end
  end
end

local function limits_of(row, options)
  local least = options.min_delay or min(MIN_DELAY, options.max_delay or MIN_DELAY)
  return options.limits or { min_delay = least,
    max_delay = options.max_delay or max(row.holds and HOLD or MAX_DELAY, least) }
end

--- What was asked, whatever the caller makes of the table while we wait.
local function keep(rows, given)
  local kept = {}
  for name in pairs(rows) do
    kept[name] = given[name]
  end
  return kept
end

--- What all waits of a call have in common.
---@param client fnf.Client
---@param row fnf.Operation one with final statuses, for waits
---@param options fnf.ContextOptions checked
---@return fnf.WaitContext
function wait.context(client, row, options)
  local inherited = getmetatable(options)
  if inherited ~= nil and type(inherited) ~= "table" then -- it is hidden
    inherited = { __index = options }
  end
  options = setmetatable(keep(options, options), inherited)
  local platform = client:choose_platform()
  local started, limiter = options.started or platform.now(), options.rate_limiter
  if limiter == nil then
    limiter = client:rate_limiter(row)
  end
  local context = { client = client, row = row, options = options, platform = platform, rate_limiter = limiter or nil,
    open = 1, started = started, deadline = options.deadline or options.timeout and started + options.timeout,
    ending = ending_set(row.final, options.until_status), hold = HOLD, limits = limits_of(row, options),
    first_answer = options.first_answer or FIRST_ANSWER }
  context.of_poll = { deadline = context.deadline or huge, cancel = options.cancel, rate_limiter = context.rate_limiter,
    max_attempts = options.max_attempts }
  context.answers = client.share and client.share:answers(row)
  if context.rate_limiter then
    context.rate_limiter:join(context)
  end
  return context
end

--- A wait that has not polled yet.
---@param context fnf.WaitContext
---@param params table checked
---@return fnf.Wait
function wait.new(context, params)
  return setmetatable({ context = context, params = keep(context.row.parameters, params), progress = progress.new(),
    polls = 0, statuses = {} }, Wait)
end

---- ends ----

--- Count a name that comes from outside: cut if it is long, and as `other` beyond the most names.
local function tally(counts, name)
  name = type(name) == "string" and name or type(name)
  if #name > LONGEST_NAME then
    name = name:sub(1, LONGEST_NAME):gsub("[\192-\255][\128-\191]*$", "")
  end
  if not counts[name] then
    local names = 0
    for known in pairs(counts) do
      names = names + (known ~= OTHER and 1 or 0)
    end
    name = names < MOST_NAMES and name or OTHER
  end
  counts[name] = (counts[name] or 0) + 1
end

--- Whether counts are such as a wait makes, whoever wrote them down.
---@param counts table
---@return boolean
function wait.are_counts(counts)
  local names = 0
  for name, count in pairs(counts) do
    names = names + 1
    if type(name) ~= "string" or #name > LONGEST_NAME or names > MOST_NAMES + 1
      or check.types.integer(count, COUNT) then
      return false
    end
  end
  return true
end

--- Whether a failed poll may be followed by another. Whatever the world may mend by itself is; a deadline of the
--- poll's own is, too. Misuse, refusals and missing things are not.
---@param err fnf.Error
---@return boolean
function wait.may_heal(err)
  return err.retryable == true or err.kind == "timeout"
end

--- End a wait with an error: what was last seen, and how often what.
---@param fields table of an error, or one
---@return boolean ended true
---@return nil
---@return fnf.Error
function Wait:give_up(fields)
  local context = self.context
  fields.operation = context.row.action
  local err = errors.is(fields) and fields or errors.new(fields)
  err.last = self.last
  err.observed = { polls = self.polls, failures = self.failures, statuses = self.statuses, errors = self.errors or {} }
  context.client:tell("done", { operation = context.row.action, error = err, polls = self.polls })
  return true, nil, err
end

local function time_out(self, message, stalled)
  local status = self.last and self.last.Status
  return self:give_up {
    kind = "timeout",
    message = message .. (status and ", still " .. status or ", without one good answer")
      .. (self.trouble and "; last trouble: " .. tostring(self.trouble) or ""),
    retryable = true,
    stalled = stalled,
  }
end

local function no_end(self)
  return number.format("no end in %g seconds", self.context.deadline - self.context.started)
end

local function succeed(self, run)
  self.context.client:tell("done", { operation = self.context.row.action, status = run.Status, polls = self.polls })
  return true, run
end

---- a poll ----

--- Seconds since the run started, by the clock the service goes by; nil where that makes no sense.
local function age_of(context, run)
  local started = time.from_rfc3339(run.StartedTime)
  local age = started and context.client:time(context.platform) - started
  return age and age >= YOUNGEST and age < OLDEST and age or nil
end

local function tell_progress(self, run)
  local context = self.context
  if context.client.on_event then
    local fields = { operation = context.row.action, run = run, progress = self.progress }
    context.client:tell("progress", fields)
    if self.progress:stalled() then
      context.client:tell("stall", fields)
    end
  end
  if context.options.on_progress then
    context.options.on_progress(run, self.progress, self)
  end
end

--- Take in what was seen `past` seconds ago; whether it ends the wait.
local function see(self, run, past)
  local context = self.context
  local age = self.progress.polls == 0 and age_of(context, run) or nil
  self.last, self.misses, self.refusals, self.trouble = run, nil, nil, nil
  tally(self.statuses, run.Status)
  self.progress:see(run, context.platform.now() - past, age and age - past)
  local ends = context.ending[run.Status] or context.options.fail_fast and self.progress:is_broken(run)
  tell_progress(self, run) -- last: the run is the caller's, who may change it
  return ends
end

--- Whether a refusal is of what was mended already: a clock by a Date, a nonce by another. In a call the second one has
--- another cause; a wait asks again, for a fault between the two may be why, but not for ever.
local function was_mended(self, err)
  local reason = retry.reason(self.context.row, err)
  if reason == "nonce" or reason == "clock" and err.date then
    self.refusals = self.refusals + 1
    return self.refusals < MOST_REFUSALS
  end
  return false
end

--- Whether a wait asks the wrong address: it was never answered, and what went wrong says so. One that has no limit to
--- the first answer, in the background of a machine that starts, goes on.
local function is_misaddressed(self, err)
  local context = self.context
  return err.misaddressed and not (self.last or self.reached) and context.first_answer < huge
    and context.platform.now() - context.started >= WRONG_ADDRESS
end

--- Take in a failed poll; whether another may follow.
local function miss(self, err)
  if err.kind == "cancelled" then
    return false
  end
  self.misses, self.trouble = self.misses + 1, err
  self.reached = self.reached or err.kind == "service" or nil
  self.failures = self.failures + 1
  self.errors = self.errors or {}
  tally(self.errors, err.code or err.kind)
  self.context.client:tell("warning", { operation = self.context.row.action, error = err, misses = self.misses })
  if is_misaddressed(self, err) then
    return false
  end
  -- A refusal in other words than the service's ends a first poll, whose address may be wrong, but not a wait that the
  -- service has answered: then something between stumbled.
  return wait.may_heal(err) or was_mended(self, err) or err.kind == "protocol" and self.last ~= nil
end

local function left(self)
  local context = self.context
  return context.deadline and context.deadline - context.platform.now() or huge
end

--- Seconds to the next poll. The last one is drawn forward, so that the deadline does not pass in sleep.
local function next_delay(self)
  local context = self.context
  local limits = context.rate_limiter and context.rate_limiter:limits(context.limits) or context.limits
  limits = context.others and context.others:limits(self, limits) or limits
  local since = self.misses > 0 and self.progress.at and context.platform.now() - self.progress.at or 0
  local delay = self.progress:next_poll(self.misses, limits, context.platform.random(), since)
  local hint = self.trouble and self.trouble.retry_after
  if hint then
    delay = max(delay, min(hint, 60))
  end
  local remaining = left(self)
  if delay >= remaining then
    delay = remaining - min(RESERVE, (context.deadline - context.started) / 10)
  end
  return delay == delay and delay or limits.max_delay -- what is no number is never slept
end

--- The parameters of a poll that the service is to hold open, not past the deadline.
local function held(self)
  local name = self.context.row.holds
  if not name then
    return self.params
  end
  local params, remaining = keep(self.context.row.parameters, self.params), left(self)
  local hold = params[name] or self.context.hold
  if remaining < hold + RESERVE then
    hold = max(0, floor(remaining - RESERVE))
  end
  params[name] = hold
  return params
end

local function poll(self, due)
  local context = self.context
  self.polls = self.polls + 1
  local params = held(self)
  if context.client.on_event then
    context.client:tell("poll", { operation = context.row.action, poll = self.polls })
  end
  context.of_poll.due = due -- which the call takes at once
  return context.client:perform(context.row, params, context.of_poll, context.platform)
end

--- Why no further poll may follow after `delay`, in words, and whether it is that nothing moves; nil if one may.
local function is_over(self, delay)
  local context = self.context
  local idle = context.options.stall_after and self.progress:idle()
  if self.polls >= (context.options.max_polls or huge) then
    return ("no end after %d polls"):format(self.polls)
  elseif idle and idle >= context.options.stall_after then
    return ("no item started or ended in %.0f seconds"):format(idle), true
  elseif not (self.last or self.reached or context.deadline)
    and context.platform.now() - context.started >= context.first_answer then
    return ("no end in %.0f seconds"):format(context.first_answer)
  elseif delay < SHORTEST then
    return no_end(self)
  end
end

--- Go by what others have seen, as if by polls of this wait's own; nil when one is due. Only a final answer ends it:
--- another may have aged.
---@return boolean|nil ended
---@return table|number|nil
local function see_others(self)
  local context = self.context
  for _ = 1, MOST_LOOKS do
    local answer, delay = context.answers:look(self)
    if not answer then
      return delay and false, delay and min(delay, left(self))
    end
    local is_final = context.row.final[answer.run.Status]
    if is_final or context.platform.now() - answer.age > (self.progress.at or -huge) then
      local ends = see(self, answer.run, answer.age)
      if is_final then
        return succeed(self, answer.run)
      end
      delay = next_delay(self) - answer.age
      if not ends and delay >= SHORTEST then
        return false, delay
      end
    end
  end
end

--- Seconds by which a first poll is put off: more runs share the quota than when it was planned.
local function put_off(self, due)
  local context = self.context
  local limiter = context.rate_limiter
  if self.polls > 0 or self.last or not context.first or not limiter or due < context.first then
    return 0
  end
  return context.first + limiter:first_poll(self.place) - context.platform.now()
end

--- Poll once, and say what follows.
---@param due? number when this was to be done, by the platform's clock; now unless given
---@return boolean ended
---@return table|number|nil run the final description; or, not ended, seconds to the next poll
---@return fnf.Error|nil
function Wait:step(due)
  local context = self.context
  if left(self) <= 0 then
    return time_out(self, no_end(self))
  end
  if context.answers then
    local later = due and put_off(self, due) or 0
    if later >= SHORTEST then
      return false, later
    end
    local ended, outcome = see_others(self)
    if ended ~= nil then
      return ended, outcome
    end
  end
  local begun = context.platform.now()
  local run, err = poll(self, due)
  if context.answers then
    context.answers:put(self, run)
  end
  if run and see(self, run, 0) then
    return succeed(self, run)
  elseif err and not miss(self, err) then
    return self:give_up(err)
  end
  local delay = next_delay(self)
  local over, stalled = is_over(self, delay)
  if over then
    return time_out(self, over, stalled)
  elseif context.row.holds then -- the time that a poll was held open has been waited already
    delay = max(0, delay - (context.platform.now() - begun))
  end
  return false, delay
end

--- Poll until the answer is final.
---@param delay? number seconds before the first poll
---@return table|nil run the final description
---@return fnf.Error|nil
function Wait:finish(delay)
  local context = self.context
  delay = delay or context.options.initial_delay or 0
  local ended, run, err
  repeat
    local slept, refusal = true, nil
    if delay > 0 then
      slept, refusal = context.platform.sleep(min(delay, left(self)), context.options.cancel)
    end
    if not slept then
      ended, run, err = self:give_up(refusal or errors.cancelled())
    else
      ended, run, err = self:step()
      delay = run --[[@as number]]
    end
  until ended
  context.open = 0
  if context.answers and not run then
    context.answers:leave { self }
  end
  return run, err
end

--- Wait for the end of what an operation describes.
---@param client fnf.Client
---@param row fnf.Operation one with final statuses
---@param params table checked
---@param options fnf.ContextOptions checked
---@return table|nil run the final description
---@return fnf.Error|nil
function wait.run(client, row, params, options)
  return wait.new(wait.context(client, row, options), params):finish()
end

--- Make a function a method of every wait.
---@param name string
---@param method function
function wait.add(name, method)
  Wait[name] = method
end

return wait
