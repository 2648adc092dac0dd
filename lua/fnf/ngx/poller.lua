--- Polls all watched MapRuns of a group from one worker at a time: whichever holds the lease.
-- SPDX-License-Identifier: MIT
--
-- Every worker that watches has a poller, a chain of short timers: one that slept long would hold up a reload. The one
-- with the lease asks the service; the others check whether the lease has become free. It is given back at the end.

local core = require "fnf.core"
local operations = require "fnf.operations"
local rate_limiter = require "fnf.call.rate_limiter"
local retry = require "fnf.call.retry"
local view = require "fnf.wait.view"
local wait = require "fnf.wait.wait"

local poller = {}

--- Tell of what hinders watching, in nginx' log, too, where nobody listens: a page without its runs says nothing.
---@param client fnf.Client
---@param message string
function poller.warn(client, message)
  client:tell("warning", { message = message })
  ngx.log(ngx.WARN, "fnf: ", message)
end

local LEASE = 3 -- seconds: so late another worker takes over from one that crashed
local SILENCE = 2 -- seconds without a round after which the timer of the next one is taken for lost
local STUCK = 120 -- seconds, besides those of an attempt, after which a poll is taken for lost
local SHORTEST, LONGEST = 0.02, 0.5 -- seconds between two rounds
local FEWEST_CLIENTS = 64 -- kept before those of runs that have ended are let go

local ROW = operations.describe_map_run

---@class fnf.Poller
---@field client fnf.Client a copy of the last one handed in, which goes on when its owner closes his
---@field lent? fnf.Client that one
---@field clients table<string, fnf.Client> by id of a run: copies of those that its watches came with
---@field private client_count integer how many those are, and some that have ended
---@field private sweep_at integer how many may be kept before the ended ones are let go
---@field heartbeat number monotonic seconds, of the last round
---@field chain integer number of the chain of timers: one that was given up does nothing when it comes late
---@field shared fnf.SharedState
---@field group string
---@field holder string this worker's name on the lease
---@field worker_lease string what only one poller of a worker holds
---@field entries table<string, table>|nil what this worker knows beyond the shared state while it holds the lease
---@field machines fnf.Machines what the other machines are told and tell, if the client shares
---@field exchange_at number monotonic seconds, when that is next
---@field told_revision? integer of the dictionary, when they were told last
---@field quota? { rate: number, burst: number }|false as it was asked for
---@field rate_limiter? fnf.RateLimiter the rate that is left of it; its bucket is shared, for the next holder
local Poller = {}
Poller.__index = Poller

--- A wait that never tires: only its end, or what cannot heal, ends it. It polls once at a time, for each poll takes
--- from the quota of all: of this nginx by the dictionary, of other machines by the client's own rate limiter, if it
--- shares.
local function new_wait(self, state)
  local client = self.clients[state.id] or self.client
  local limiter = client.share and client:rate_limiter(ROW) or false
  local one = wait.new(wait.context(client, ROW, { cancel = ngx.worker.exiting, rate_limiter = limiter,
    max_attempts = 1, min_delay = state.limits.min_delay, max_delay = state.limits.max_delay,
    first_answer = math.huge }), state.names)
  one.polls, one.last, one.reached = state.polls, state.run, true
  return one
end

local function plain_error(err)
  return err and { kind = err.kind, code = err.code, status = err.status, message = err.message,
    request_id = err.request_id, retryable = err.retryable }
end

--- Somebody else uses the account's quota, too, or no more.
local function keep_rate(self, trouble)
  local now = core.now()
  if not trouble then
    self.rate_limiter:succeeded(now)
  elseif retry.reason(ROW, trouble) == "throttle" then
    self.rate_limiter:throttled(now)
    self.shared:exhaust(self.group, self.rate_limiter, now)
  end
end

--- One poll, and what all workers are to know of it.
local function poll(self, entry)
  local state, one = entry.state, entry.wait
  local ended, delay, err = one:step(entry.next_at)
  if err and err.kind == "cancelled" then
    return -- this worker is ending; the next holder of the lease polls
  end
  local trouble = err or one.trouble
  if self.rate_limiter then
    keep_rate(self, trouble)
  end
  if not trouble and one.last ~= state.run then -- there is nothing new where another machine is polling
    state.run, state.seen, state.progress = one.last, core.time(), one.progress:report()
    state.history = view.remember(state.history, one.last, state.seen)
  end
  state.polls, state.error, state.ended = one.polls, plain_error(trouble), ended or nil
  entry.next_at = core.now() + (ended and 0 or delay)
  state.polled, state.due = core.time(), core.time() + (ended and 0 or delay)
  if ended then
    one.context.open = 0
    self.clients[state.id] = nil
  end
  local stored, reason = self.shared:put(state)
  if not stored and not entry.is_unkept then -- once, not at each poll: a log must not fill up with it
    poller.warn(self.client, "a watched MapRun does not fit into the dictionary: " .. reason)
  end
  entry.is_unkept = not stored
end

--- A poll that may raise what a listener raises; the next one must be possible all the same.
local function guarded_poll(self, entry)
  local done, reason = pcall(poll, self, entry)
  entry.busy = false
  if not done then
    entry.next_at = core.now() + entry.state.limits.max_delay
    ngx.log(ngx.ERR, "fnf: a poll failed: ", tostring(reason))
  end
end

--- Take in what was registered since the last round.
local function refresh(self)
  local now, ids = core.now(), self.shared:ids()
  if ids == self.ids then
    return
  end
  self.ids = ids
  for _, id in ipairs(ids) do
    local entry = self.entries[id]
    local state = (not entry or entry.state.ended) and self.shared:state(id)
    if state and state.group == self.group and not state.ended then
      self.entries[id] = { state = state, wait = new_wait(self, state), next_at = now }
    end
  end
end

--- What is due, the longest due first, and seconds until the next may be.
local function find_due(self)
  local now, due, soonest = core.now(), {}, LONGEST
  for id, entry in pairs(self.entries) do
    local left = entry.next_at - now
    if entry.busy and now - entry.busy < STUCK + self.client.settings.attempt_timeout then
      left = entry.state.limits.min_delay
    elseif entry.state.ended then
      self.entries[id], left = nil, LONGEST
    elseif left <= 0 then
      due[#due + 1], left = entry, entry.state.limits.min_delay
    end
    soonest = math.min(soonest, left)
  end
  table.sort(due, function(a, b)
    return a.next_at < b.next_at
  end)
  return due, math.max(SHORTEST, soonest)
end

---- other machines ----

local PACE = 10 -- an exchange that took a second is made again after so many
local TURN = 50 -- runs read at a time: a few milliseconds

local function give_way(count)
  if count % TURN == 0 then
    ngx.sleep(0)
  end
end

--- What is watched here, if it may be another than was told.
local function own_states(self)
  local revision, own = self.shared:revision(), {}
  if revision == self.told_revision then
    return nil
  end
  for _, state in ipairs(self.shared:states(give_way)) do
    own[#own + 1] = state.group == self.group and state or nil
  end
  self.told_revision = revision
  return own
end

--- Tell the other machines what is watched here, and all workers here what is watched there.
local function exchange(self)
  local begun = core.now()
  local others, hidden = self.machines:exchange(self.client.share, own_states(self), core.time())
  local kept, reason = self.shared:put_machines(self.group, others, hidden, self.machines.life)
  if not kept and not self.unkept then
    poller.warn(self.client, "what other machines watch does not fit into the dictionary: " .. reason)
  end
  self.unkept = not kept
  self.exchange_at = core.now() + math.max(self.machines.pace, PACE * (core.now() - begun))
end

local function guarded_exchange(self)
  local done, reason = pcall(exchange, self)
  if not done then
    self.exchange_at = core.now() + self.machines.life
    ngx.log(ngx.ERR, "fnf: an exchange with other machines failed: ", tostring(reason))
  end
end

--- Whether this is the one poller of its worker: with lua_code_cache off every request has a Lua of its own, and
--- would leave a poller behind.
local function has_worker_lease(self)
  return self.shared:lease(self.worker_lease, self.holder, LEASE)
end

--- What there is to do now, and seconds to the next round; nil if another poller of this worker does it.
local function round(self)
  if not has_worker_lease(self) then
    return nil
  elseif not self.shared:lease(self.group, self.holder, LEASE) then
    self.entries, self.ids = {}, nil
    self.machines:forget()
    return LONGEST
  end
  if self.client.share and core.now() >= self.exchange_at then
    self.exchange_at = core.now() + STUCK
    ngx.thread.spawn(guarded_exchange, self)
  end
  refresh(self)
  local due, delay = find_due(self)
  for _, entry in ipairs(due) do
    if self.rate_limiter and not self.shared:take(self.group, self.rate_limiter, core.now()) then
      return math.min(LONGEST, 1 / self.rate_limiter.rate) -- what is due longest comes first then
    end
    entry.busy = core.now()
    ngx.thread.spawn(guarded_poll, self, entry)
  end
  return delay
end

local function stop(self)
  self.shared:release(self.group, self.holder)
  self.shared:release(self.worker_lease, self.holder)
  self.running = false
end

local function tick(premature, self, chain)
  if chain ~= self.chain then
    return -- it was taken for lost, and another runs
  elseif premature or ngx.worker.exiting() then
    return stop(self)
  end
  self.heartbeat = core.now()
  local done, delay = pcall(round, self)
  if not done then
    ngx.log(ngx.ERR, "fnf: a round of watching failed: ", tostring(delay))
  elseif not delay then
    return stop(self)
  end
  local started, reason = ngx.timer.at(done and delay or LONGEST, tick, self, chain)
  if not started then -- who asks next feels it
    poller.warn(self.client, "nginx starts no further timer: " .. tostring(reason))
  end
end

--- Another quota begins with another rate limiter; the same one goes on with its own.
local function set_quota(self, quota)
  local old = self.quota
  if not (old and quota and old.rate == quota.rate and old.burst == quota.burst) then
    self.quota, self.rate_limiter = quota, quota and rate_limiter.new(quota) or nil
  end
end

local pollers = {} -- of this worker, by dictionary and group

--- Begin a chain of timers; one that nginx has dropped is left behind.
local function start_chain(self)
  self.running, self.chain, self.heartbeat = true, self.chain + 1, core.now()
  local started, reason = ngx.timer.at(0, tick, self, self.chain)
  if not started then
    poller.warn(self.client, "nginx starts no timer to watch by: " .. tostring(reason))
  end
end

--- Whether the chain still runs, felt by whoever asks: nginx drops a due timer when it has no slot to spare, and says
--- nothing to whom it belonged.
function Poller:revive()
  if not ngx.worker.exiting() and core.now() - self.heartbeat > SILENCE then
    start_chain(self)
  end
end

--- The same for all that poll for a dictionary in this worker.
---@param dict string
function poller.revive(dict)
  for _, one in pairs(pollers) do
    if one.shared.name == dict then
      one:revive()
    end
  end
end

--- Let go of the clients of runs that have ended, in whichever worker, or are gone. Each time twice as many may gather.
local function sweep(self)
  self.client_count = 0
  for id in pairs(self.clients) do
    if self.shared:has_ended(id) == false then
      self.client_count = self.client_count + 1
    else
      self.clients[id] = nil
    end
  end
  self.sweep_at = 2 * self.client_count + FEWEST_CLIENTS
end

--- Keep a client that was lent: a copy, for its owner may close his at the end of his request.
local function take_client(self, client, id)
  if self.lent ~= client then
    self.lent, self.client = client, client:outliving()
  end
  if id and not self.clients[id] then
    self.clients[id], self.client_count = self.client, self.client_count + 1
    if self.client_count >= self.sweep_at then
      sweep(self)
    end
  end
end

--- The client that a run is, or was, polled by in this worker; nil if nothing of its group is watched here.
---@param dict string
---@param state fnf.WatchState
---@return fnf.Client|nil
function poller.client(dict, state)
  local self = pollers[dict .. "\n" .. state.group]
  return self and (self.clients[state.id] or self.client)
end

--- The poller of a group in this worker, running.
---@param shared fnf.SharedState
---@param dict string name of the dictionary
---@param group string
---@param client fnf.Client
---@param id? string of the run that is watched by this client
---@param quota? { rate: number, burst: number }|false polls a second, and at once; the service's quota unless given
---@param machine fnf.Machines what this machine is for others; the first watch's holds
---@return fnf.Poller
function poller.of(shared, dict, group, client, id, quota, machine)
  local key = dict .. "\n" .. group -- no name has a line break in it
  local self = pollers[key]
  if not self then
    local pid = ngx.worker.pid()
    self = setmetatable({ clients = {}, client_count = 0, sweep_at = FEWEST_CLIENTS, chain = 0, heartbeat = core.now(),
      shared = shared, group = group, entries = {}, machines = machine, exchange_at = -math.huge,
      worker_lease = ("%s\n%d"):format(group, pid), holder = ("%d %s"):format(pid, core.nonce()) }, Poller)
    pollers[key] = self
    set_quota(self, ROW.quota)
  end
  take_client(self, client, id)
  if quota ~= nil then
    set_quota(self, quota)
  end
  if not self.running then
    start_chain(self)
  else
    self:revive()
  end
  return self
end

return poller
