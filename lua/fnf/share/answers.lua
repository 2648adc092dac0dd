--- What one process has seen of a run, for all others: who is about to poll takes that, or is the one who polls.
-- SPDX-License-Identifier: MIT

local json = require "fnf.json"
local number = require "fnf.number"
local script = require "fnf.share.script"

local answers = {}

local LEASE = 5 -- seconds besides those a poll waits for: so late another polls for one that died
local LONGEST_LEASE = 600 -- seconds: the script takes a longer one for none
local AGAIN, LONGEST_AGAIN = 0.1, 1 -- seconds until one looks again while another polls: the first, and the most
local KEPT, FINAL_KEPT = 600, 3600 -- seconds
local OLDEST = 1e6 * FINAL_KEPT -- microseconds: an answer said to be older makes no sense
local MOST = 512 * 1024 -- bytes of an answer that are shared
local BUNCH = 500 -- runs told at a time
local MOST_RUNS = 1e6 -- runs waited for that are believed: all plan by their number

---@class fnf.SharedAnswers those to one operation
---@field private share fnf.Share
---@field private row fnf.Operation
---@field private known table<fnf.Wait, string> stamps of what they know
---@field private looks table<fnf.Wait, integer> times they looked while another polled
---@field private ids table<fnf.Wait, string> of their runs
local SharedAnswers = {}
SharedAnswers.__index = SharedAnswers

---@param share fnf.Share
---@param row fnf.Operation
---@return fnf.SharedAnswers
function answers.new(share, row)
  local weak = { __mode = "k" }
  return setmetatable({ share = share, row = row, known = setmetatable({}, weak), looks = setmetatable({}, weak),
    ids = setmetatable({}, weak) }, SharedAnswers)
end

--- A hash of a run's names, in the order of the alphabet.
local function id_of(self, wait)
  if not self.ids[wait] then
    local names, params = {}, wait.params
    for name in pairs(self.row.parameters) do
      if type(params[name]) == "string" then
        names[#names + 1] = ("%s=%d:%s"):format(name, #params[name], params[name])
      end
    end
    table.sort(names)
    self.ids[wait] = self.share:digest(table.concat(names, " "))
  end
  return self.ids[wait]
end

local function keys_of(self, wait)
  local id = self.row.action .. ":" .. id_of(self, wait)
  return { "answer:" .. id, "lease:" .. id, "waits:" .. self.row.action }
end

---- runs that are waited for ----

--- Seconds after a look for which a run is taken for waited for: longer than until the next look.
local function life_of(context)
  local limits = context.rate_limiter and context.rate_limiter:limits(context.limits) or context.limits
  return ("%.0f"):format(KEPT + 2 * limits.max_delay)
end

local function tell(self, waits, life)
  local runs
  for from = 1, #waits, BUNCH do
    local values = { life }
    for i = from, math.min(#waits, from + BUNCH - 1) do
      values[#values + 1] = id_of(self, waits[i])
    end
    runs = number.within(self.share:run(script.wait, { "waits:" .. self.row.action }, values) or nil, 0, MOST_RUNS)
  end
  return runs
end

--- Say that these are waited for, so that all plan by the number of runs that share the quota.
---@param waits fnf.Wait[] of one context
function SharedAnswers:join(waits)
  local context = waits[1] and waits[1].context
  local runs = context and tell(self, waits, life_of(context))
  if runs and context.rate_limiter then
    context.rate_limiter:weigh(runs)
  end
end

--- Say that these are waited for no more; who does so all the same says it again by his next look.
---@param waits fnf.Wait[]
function SharedAnswers:leave(waits)
  tell(self, waits, "0")
end

---- answers ----

--- An answer of another machine's as a run, if it is one: of these names, with a Status.
local function read(self, wait, text)
  local run = json.decode(text)
  if type(run) ~= "table" or type(run.Status) ~= "string" or run.Status == "" then
    return nil
  end
  for name in pairs(self.row.parameters) do
    local value = run[name]
    if value ~= nil and type(wait.params[name]) == "string" and value ~= wait.params[name] then
      return nil
    end
  end
  return run
end

--- Milliseconds after which another may poll: as long as permits take now, and a poll.
local function lease_of(wait)
  local context = wait.context
  local limiter = context.rate_limiter
  local queue = limiter and limiter.last_pause or 0
  return ("%.0f"):format(1000 * math.min(LONGEST_LEASE, LEASE + (context.row.holds and context.hold or 0) + 2 * queue))
end

---@class fnf.SharedAnswer
---@field run table
---@field age number seconds since it was seen

--- One look: what another has seen, or seconds to look again, or neither. True: what was found makes no sense.
local function look(self, wait)
  local reply = self.share:run(script.look, keys_of(self, wait), { lease_of(wait), self.known[wait] or "",
    ("%d"):format(MOST), id_of(self, wait), life_of(wait.context) })
  local kind = type(reply) == "table" and reply[1]
  if kind == "wait" then
    local looks = self.looks[wait] or 0
    self.looks[wait] = looks + 1
    return nil, math.min(LONGEST_AGAIN, AGAIN * 2 ^ math.min(looks, 10))
  end
  self.looks[wait] = nil
  if kind ~= "answer" then
    return nil
  end
  local stamp, age, run = reply[2], number.within(reply[3], 0, OLDEST), read(self, wait, reply[4])
  self.known[wait] = type(stamp) == "string" and stamp or nil
  if not (self.known[wait] and age and run) then
    self.share:doubt("an answer")
    return true
  end
  return { run = run, age = age / 1e6 }
end

--- What another has seen since this wait saw something; else seconds to look again, while another polls; else nothing:
--- this wait is to poll.
---@param wait fnf.Wait
---@return fnf.SharedAnswer|nil
---@return number|nil delay
function SharedAnswers:look(wait)
  local found, delay = look(self, wait)
  if found == true then -- it is known now, and passed over
    found, delay = look(self, wait)
  end
  return found ~= true and found or nil, delay
end

--- Share what a poll has seen, or that it has seen nothing.
---@param wait fnf.Wait
---@param run table|nil
function SharedAnswers:put(wait, run)
  local text = run and json.encode(run) or ""
  local is_final = run and self.row.final[run.Status]
  local stamp = self.share:run(script.put, keys_of(self, wait), { #text <= MOST and text or "",
    ("%d"):format(1000 * (is_final and FINAL_KEPT or KEPT)), id_of(self, wait), is_final and "1" or "0" })
  self.known[wait] = type(stamp) == "string" and stamp or self.known[wait]
end

return answers
