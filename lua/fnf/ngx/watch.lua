--- A MapRun watched in the background: one poll at a time for all workers and requests of an nginx.
-- SPDX-License-Identifier: MIT
--
--   local watch = require("fnf.ngx").watch { dict = "fnf", client = client,
--     FlowName = f, ExecutionName = e, MapRunName = m }
--   local run, state = watch:get()        -- at once
--   local final, err = watch:wait(60)     -- inside a request

local check = require "fnf.check"
local core = require "fnf.core"
local errors = require "fnf.errors"
local machines = require "fnf.share.machines"
local methods = require "fnf.methods"
local metrics = require "fnf.ngx.metrics"
local operations = require "fnf.operations"
local poller = require "fnf.ngx.poller"
local provider = require "fnf.credentials.provider"
local settings = require "fnf.settings"
local shared_state = require "fnf.ngx.shared_state"

local watch = {}

local NAME = { type = "name" }
local DAY = 86400

--- Rows of `fnf.check` for what `watch` takes.
---@type table<string, fnf.Row>
watch.options = {
  dict = { type = "name", required = true },
  client = { type = "table", required = true },
  FlowName = NAME,
  ExecutionName = NAME,
  MapRunName = NAME,
  group = NAME,
  min_delay = { type = "seconds", minimum = 0.01 },
  max_delay = { type = "seconds", minimum = 0.01 },
  keep = { type = "seconds" },
  rate_limit = { type = "any" },
  machine = NAME,
  machine_life = { type = "seconds", minimum = 1, maximum = 600 },
}

local CHECK_INTERVAL = 0.1 -- seconds between two polls at the dictionary in `wait`

---@class fnf.Watch
---@field private shared fnf.SharedState
---@field private id? string
---@field private client fnf.Client
---@field private poller fnf.Poller
local Watch = {}
Watch.__index = Watch

--- The service's quota in the place of what is absent.
local function whole(limit)
  local quota = operations.describe_map_run.quota
  return limit and { rate = limit.rate or quota.rate, burst = limit.burst or quota.burst } or limit
end

--- What is wrong although every option is right by itself.
local function validate(options)
  local given = 0
  for _, name in ipairs { "FlowName", "ExecutionName", "MapRunName" } do
    given = given + (options[name] and 1 or 0)
  end
  if given ~= 0 and given ~= 3 then
    return "FlowName, ExecutionName and MapRunName go together; leave out all three to go on with what is watched"
  elseif options.min_delay and options.max_delay and options.min_delay > options.max_delay then
    return "option min_delay is greater than max_delay"
  elseif settings.validate_rate_limit(options.rate_limit) then
    return settings.validate_rate_limit(options.rate_limit)
  elseif options.rate_limit and options.rate_limit.probe then
    return "option rate_limit: a watch does not probe; give its rate"
  elseif ngx.get_phase() == "init" then
    return "there are no timers yet in the phase init; call it from init_worker_by_lua, or in a request"
  end
  return methods.validate("describe_map_run", options.client, given == 3 and {
    FlowName = options.FlowName, ExecutionName = options.ExecutionName, MapRunName = options.MapRunName } or {
    FlowName = "any", ExecutionName = "any", MapRunName = "any" })
end

local function new_state(id, group, options)
  local min = options.min_delay or math.min(1, options.max_delay or 1)
  return { id = id, group = group, polls = 0, keep = options.keep or DAY,
    names = { FlowName = options.FlowName, ExecutionName = options.ExecutionName, MapRunName = options.MapRunName },
    due = core.time(), limits = { min_delay = min, max_delay = options.max_delay or math.max(30, min) } }
end

--- What tells the accounts of two providers apart, the same in all workers: settings and names, no key.
local function describe(value, parts)
  if provider.is(value) then
    local source = value.source
    local found = source.fixed and source.fetch()
    parts[#parts + 1] = source.name
    describe(found and found.access_key_id or source.settings or {}, parts)
  elseif type(value) == "table" then
    local names = {}
    for name in pairs(value) do
      names[#names + 1] = tostring(name)
    end
    table.sort(names)
    for _, name in ipairs(names) do
      parts[#parts + 1] = name
      describe(value[name] == nil and value[tonumber(name)] or value[name], parts)
    end
  else
    parts[#parts + 1] = ("%d:%s"):format(#tostring(value), tostring(value))
  end
  return parts
end

--- One account at one host. Only a hash goes into the dictionary, whose keys are shown.
local function default_group(client)
  local account = table.concat(describe(client.provider, {}), " ")
  return ("%s %s"):format(client:host(), ngx.md5(account):sub(1, 12))
end

local HOST, MOST_OF_A_NAME = "/proc/sys/kernel/hostname", 256 -- bytes
local known_host

--- The host's name, read once; "nginx" where the system has no such file.
local function host_name()
  known_host = known_host or (core.read(HOST, MOST_OF_A_NAME) or ""):match "^[^\n]+" or "nginx"
  return known_host
end

--- What this machine is for others; a second nginx of the host has another prefix, or is given another name.
local function this_machine(options, group)
  local name = options.machine or host_name()
  local id = ngx.md5(table.concat({ name, ngx.config.prefix(), options.dict, group }, "\n"))
  return machines.new(id, name, options.machine_life)
end

--- Register a run; one whose watch had ended with an error is watched anew.
local function register(self, state)
  local done, reason = self.shared:register(state)
  if not done and reason == "exists" then
    local known = self.shared:state(state.id)
    if known and known.ended and known.error then
      self.shared:forget(state.id)
      done, reason = self.shared:register(state)
    else
      done = true
    end
  end
  if not done then
    poller.warn(self.client, "a MapRun to watch does not fit into the dictionary: " .. reason)
  end
end

--- Watch a MapRun, from every worker that calls this; or, without names, go on with all that are watched already, as
--- new workers should after a reload. Raises misuse at the caller's line.
---@param options fnf.WatchOptions
---@return fnf.Watch
function watch.start(options)
  local problem = check.table(options, watch.options, "option") or validate(options)
  local shared
  if not problem then
    shared, problem = shared_state.open(options.dict)
  end
  if problem then
    error("fnf.ngx.watch: " .. problem, 2)
  end
  local client = options.client
  local group = options.group or default_group(client)
  local self = setmetatable({ shared = shared, client = client }, Watch)
  metrics.listen(client, shared)
  if options.FlowName then
    self.id = shared_state.id(group, options)
    register(self, new_state(self.id, group, options))
  end
  self.poller = poller.of(shared, options.dict, group, client, self.id, whole(options.rate_limit),
    this_machine(options, group))
  return self
end

--- What is known now: the last description if there is one, and the whole state.
---@return table|nil run
---@return fnf.WatchState|nil state nil once it is forgotten
function Watch:get()
  self.poller:revive()
  local state = self.id and self.shared:state(self.id)
  return state and state.run, state or nil
end

local function gone()
  return errors.new { kind = "network", sent = false, operation = "DescribeMapRun",
    message = "the watched MapRun is gone from the dictionary; is the dictionary too small?" }
end

local function timed_out(state, seconds)
  local status = state and state.run and state.run.Status
  local trouble = state and state.error and state.error.message
  local message = ("no end in %g seconds"):format(seconds) .. (status and ", still " .. status
    or ", without one good answer") .. (trouble and "; last trouble: " .. trouble or "")
    .. (state and state.overdue and ("; nobody has polled it for %d seconds"):format(state.overdue) or "")
  return errors.new { kind = "timeout", operation = "DescribeMapRun", retryable = true, last = state and state.run,
    message = message }
end

local function conclude(state)
  if not state.error then
    return state.run
  end
  local fields = { operation = "DescribeMapRun", last = state.run }
  for name, value in pairs(state.error) do
    fields[name] = value
  end
  return nil, errors.new(fields)
end

--- Wait for the end, without asking the service on our own: its final description, or why there is none.
---@param seconds number at most
---@param cancel? fun(): any asked ten times a second; true ends the wait
---@return table|nil run
---@return fnf.Error|nil
function Watch:wait(seconds, cancel)
  local problem = check.types.seconds(seconds, {}) or not self.id and "has nothing to wait for: it has no names"
  if problem then
    error("fnf.Watch:wait: seconds " .. problem, 2)
  end
  local platform = self.client:choose_platform()
  local ending = platform.now() + seconds
  while true do
    self.poller:revive()
    local ended = self.shared:has_ended(self.id)
    local left = ending - platform.now()
    if ended then
      return conclude(self.shared:state(self.id))
    elseif ended == nil then
      return nil, gone()
    elseif left <= 0 then
      return nil, timed_out(self.shared:state(self.id), seconds)
    end
    local slept, reason = platform.sleep(math.min(left, CHECK_INTERVAL), cancel)
    if not slept then
      return nil, reason or errors.cancelled()
    end
  end
end

return watch
