--- What all workers of an nginx know: watched MapRuns, who polls them, and counters, in a lua_shared_dict.
-- SPDX-License-Identifier: MIT
--
-- Keys: "run <id>" is a state as JSON, with the flag ENDED once nothing will change it; "poller <group>" is the lease,
-- "poller <group>\n<pid>" that of one worker, "quota <group>" what may be asked for; "count <sample>" is a counter;
-- "registered" and "revision" grow with every new run and every change;
-- "asking <id>" is there while somebody finds out why items of a run failed;
-- "machines <group>" is what other machines watch, as JSON, where the group's client shares.

local core = require "fnf.core"
local json = require "fnf.json"

local shared_state = {}

local ENDED = 1
local LATE = 15 -- seconds past its time after which a state says that nobody polls it

-- What is kept of a description: an answer may hold what no JSON encoder takes (1e400, a list that begins with nulls).
local RUN_FIELDS = { "Status", "MapRunName", "FlowName", "ExecutionName", "RequestId", "StartedTime", "StoppedTime",
  "Concurrency", "ToleratedFailedCount", "ToleratedFailedPercentage", "Output", "ErrorCode", "ErrorMessage" }

---@class fnf.WatchState what is known of a watched MapRun
---@field id string
---@field group string whose client polls
---@field names { FlowName: string, ExecutionName: string, MapRunName: string }
---@field limits { min_delay: number, max_delay: number } seconds between two polls
---@field keep number seconds for which the end is remembered
---@field polls integer polls so far
---@field run? table the last description
---@field progress? fnf.Report what fnf.progress made of it
---@field history? number[][] of the page's chart: pairs of seconds since 1970 and items done
---@field seen? number seconds since 1970, of the last description
---@field polled? number seconds since 1970, of the last poll, answered or not
---@field due? number seconds since 1970, when it is to be polled next
---@field overdue? number seconds since then, if nobody has polled it for long: told by `get` and the page
---@field error? table what went wrong since: kind, code, status, message, request_id
---@field failures? fnf.WatchFailures why items failed, once somebody has asked
---@field ended? boolean no poll will follow: the status is final, or the error cannot heal

---@class fnf.SharedState
---@field name string of the dictionary
---@field private dict table
local SharedState = {}
SharedState.__index = SharedState

--- The shared in a dictionary, or what is missing.
---@param name string of the lua_shared_dict
---@return fnf.SharedState|nil
---@return string|nil problem
function shared_state.open(name)
  local dict = ngx.shared[name]
  if not dict then
    return nil, ("nginx has no dictionary %s; add `lua_shared_dict %s 1m;`"):format(name, name)
  end
  return setmetatable({ name = name, dict = dict, known = {}, count = -1 }, SharedState)
end

--- The same for the same names, whatever they hold.
---@param group string
---@param names table
---@return string
function shared_state.id(group, names)
  return ("%s?%s"):format(group, core.encode { "FlowName", names.FlowName, "ExecutionName", names.ExecutionName,
    "MapRunName", names.MapRunName })
end

---- states ----

local function is_plain(value)
  local kind = type(value)
  return kind == "string" or kind == "boolean" or kind == "number" and value - value == 0
end

--- Plain and finite values of a table, of these names or of all.
local function plain(given, names)
  local kept = {}
  for name, value in pairs(type(given) == "table" and given or {}) do
    if type(name) == "string" and (not names or names[name]) and is_plain(value) then
      kept[name] = value
    end
  end
  return kept
end

local KNOWN = {}
for _, name in ipairs(RUN_FIELDS) do
  KNOWN[name] = true
end

--- A description as it is kept.
local function plain_run(run)
  local kept = plain(run, KNOWN)
  kept.ItemCounts = type(run.ItemCounts) == "table" and plain(run.ItemCounts) or nil
  return kept
end

--- A state as text, of what an encoder takes.
local function encode(state)
  local kept = {}
  for name, value in pairs(state) do
    kept[name] = value
  end
  kept.run = state.run and plain_run(state.run)
  kept.progress = state.progress and plain(state.progress)
  kept.error = state.error and plain(state.error)
  kept.overdue = nil
  return json.encode(kept)
end

--- Store a state; every worker sees it at once. An end stays: who has lost the lease while it polled comes late.
---@param state fnf.WatchState
---@return boolean|nil
---@return string|nil reason such as "no memory": nothing old is thrown out for it
function SharedState:put(state)
  if not state.ended and self:has_ended(state.id) then
    return true
  end
  local text, problem = encode(state)
  if not text then -- to set nothing is to delete
    return nil, problem
  end
  local life = state.ended and state.keep or 0
  local done, reason = self.dict:safe_set("run " .. state.id, text, life, state.ended and ENDED or 0)
  self.dict:incr("revision", 1, 0)
  return done, reason
end

--- Put a new state there, unless there is one already.
---@param state fnf.WatchState
---@return boolean|nil
---@return string|nil reason "exists" or "no memory"
function SharedState:register(state)
  local done, reason = self.dict:safe_add("run " .. state.id, encode(state))
  if done then
    self.dict:incr("registered", 1, 0)
    self.dict:incr("revision", 1, 0)
  end
  return done, reason
end

--- Take the right to find out why items of a run failed; one at a time has it.
---@param id string
---@param seconds number until it lapses by itself
---@return boolean
function SharedState:begin_asking(id, seconds)
  return self.dict:safe_add("asking " .. id, true, seconds) == true
end

--- Keep what was found out with the run, which has ended, as long as the run is kept.
---@param id string
---@param found fnf.WatchFailures
function SharedState:end_asking(id, found)
  local state, key = self:state(id), "run " .. id
  if state and state.ended then
    state.failures = found
    local left = self.dict:ttl(key)
    self.dict:safe_set(key, encode(state), left and left > 0 and left or state.keep, ENDED)
    self.dict:incr("revision", 1, 0)
  end
  self.dict:delete("asking " .. id)
end

---@param id string
function SharedState:forget(id)
  self.dict:delete("run " .. id)
end

---@param id string
---@return fnf.WatchState|nil
function SharedState:state(id)
  local text = self.dict:get("run " .. id)
  local state = text and json.decode(text) or nil
  local late = state and not state.ended and state.due and core.time() - state.due or 0
  if late > LATE then
    state.overdue = late
  end
  return state
end

--- Whether nothing will change it any more; nil if it is not there.
---@param id string
---@return boolean|nil
function SharedState:has_ended(id)
  local text, flags = self.dict:get("run " .. id)
  if text then
    return flags == ENDED
  end
end

--- A number that grows with every change.
---@return integer
function SharedState:revision()
  return self.dict:get "revision" or 0
end

--- Ids of all runs there are, in the order of their names. Scanned only after a new one came; the list is shared.
---@return string[]
function SharedState:ids()
  local count = self.dict:get "registered" or 0
  if count ~= self.count then
    self.known, self.count = self:keys "run ", count
  end
  return self.known
end

--- States of all runs, in the same order.
---@param pause? fun(count: integer) called after each
---@return fnf.WatchState[]
function SharedState:states(pause)
  local states = {}
  for i, id in ipairs(self:ids()) do
    states[#states + 1] = self:state(id)
    if pause then
      pause(i)
    end
  end
  return states
end

--- What follows a prefix, of all keys that have it, sorted.
---@private
function SharedState:keys(prefix)
  local found = {}
  for _, key in ipairs(self.dict:get_keys(0)) do
    if key:sub(1, #prefix) == prefix then
      found[#found + 1] = key:sub(#prefix + 1)
    end
  end
  table.sort(found)
  return found
end

---- other machines ----

--- Keep what other machines watch of a group's account; each time the page is to show something else, it hears of it.
---@param group string
---@param others fnf.OtherMachine[]|nil nil: not known
---@param hidden integer|nil machines besides those
---@param seconds number for which it holds
---@return boolean|nil
---@return string|nil reason such as "no memory"
function SharedState:put_machines(group, others, hidden, seconds)
  local key = "machines " .. group
  local text = json.encode { others = others and others[1] and others, known = others and 1, hidden = hidden }
  local changed = text ~= self.dict:get(key)
  local done, reason = self.dict:safe_set(key, text, seconds)
  if changed and done then
    self.dict:incr("revision", 1, 0)
  end
  return done, reason
end

--- What other machines watch, of all groups that share.
---@return fnf.OtherMachine[]
---@return boolean|nil unknown there is a group of which it is not known
---@return integer hidden machines besides those
function SharedState:machines()
  local all, unknown, hidden = {}, nil, 0
  for _, group in ipairs(self:keys "machines ") do
    local text = self.dict:get("machines " .. group)
    local kept = text and json.decode(text) or {}
    for _, machine in ipairs(kept.others or {}) do
      all[#all + 1] = machine
    end
    unknown, hidden = unknown or not kept.known or nil, hidden + (kept.hidden or 0)
  end
  return all, unknown, hidden
end

---- the lease ----

--- Take, or keep, the right to poll a group; one holder at a time has it.
---@param group string
---@param holder string
---@param seconds number until it lapses by itself
---@return boolean
function SharedState:lease(group, holder, seconds)
  local key = "poller " .. group
  if self.dict:get(key) == holder then
    return self.dict:expire(key, seconds) ~= nil
  end
  return self.dict:safe_add(key, holder, seconds) == true
end

--- Give it back, so that another takes over at once.
---@param group string
---@param holder string
function SharedState:release(group, holder)
  local key = "poller " .. group
  if self.dict:get(key) == holder then
    self.dict:delete(key)
  end
end

--- Take a request out of the group's quota, if there is one left; all workers take from the same.
---@param group string
---@param quota { rate: number, burst: number } requests a second, and at once
---@param now number monotonic seconds, the same for all workers
---@return boolean
function SharedState:take(group, quota, now)
  -- When the quota would be whole again; only the holder of the lease asks, so nothing comes between.
  local whole = math.max(now, self.dict:get("quota " .. group) or now) + 1 / quota.rate
  if whole - now > quota.burst / quota.rate then
    return false
  end
  self.dict:set("quota " .. group, whole, quota.burst / quota.rate + 1)
  return true
end

--- Nothing is left at once: the service has refused a request.
---@param group string
---@param quota { rate: number, burst: number }
---@param now number monotonic seconds, the same for all workers
function SharedState:exhaust(group, quota, now)
  local refilled = quota.burst / quota.rate
  self.dict:set("quota " .. group, now + refilled, refilled + 1)
end

---- counters ----

---@param sample string
---@param amount number
function SharedState:add(sample, amount)
  local key = "count " .. sample
  if not self.dict:incr(key, amount) and not self.dict:safe_add(key, amount) then
    self.dict:incr(key, amount) -- another worker was first; a full dictionary throws out no watched run for a counter
  end
end

--- All counters: names, sorted, and values by name.
---@return string[]
---@return table<string, number>
function SharedState:counts()
  local names, values = self:keys "count ", {}
  for _, name in ipairs(names) do
    values[name] = self.dict:get("count " .. name)
  end
  return names, values
end

return shared_state
