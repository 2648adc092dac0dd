--- What each machine watches, for the status pages of all: a machine puts its own runs, and reads those of the others.
-- SPDX-License-Identifier: MIT
--
-- A run goes to Redis as the state of a watch, without what only its own page shows. One shape says which fields go
-- there and which come back, each with its type and range: what another wrote is data, and may be anything. Pure; the
-- clocks of two machines need not agree, for Redis tells how long ago a value came.

local json = require "fnf.json"
local number = require "fnf.number"
local script = require "fnf.share.script"

local machines = {}

local MOST_ROWS, MOST_BYTES = 100, 32 * 1024 -- of one machine
local MOST_MACHINES = 20 -- others
local LONGEST_NAME = 64 -- bytes of a machine's name, as of a host's
local LIFE = 30 -- seconds after which a silent machine is taken for gone
local LONGEST_AGO = 366 * 86400 -- seconds since a machine has put a text: more makes no sense
local KEYS = { "machines", "machines:changed", "machines:rows" }

---- the shape ----

local function text(most)
  return function(value)
    return type(value) == "string" and #value > 0 and #value <= most and not value:find "[%z\1-\31\127]" and value
      or nil
  end
end

local function figure(least, most)
  return function(value)
    return type(value) == "number" and value >= least and value <= most and value or nil
  end
end

local function yes(value)
  return value == true or nil
end

--- Those fields of a table that are as they should be; `doubt` is called for each that is not.
local function record(shape)
  return function(value, doubt)
    if type(value) ~= "table" then
      return nil
    end
    local kept = {}
    for name, read in pairs(shape) do
      if value[name] ~= nil then
        kept[name] = read(value[name], doubt)
        if kept[name] == nil then
          doubt()
        end
      end
    end
    return kept
  end
end

local COUNT, SPAN, TIME, NAME = figure(0, 2 ^ 53), figure(0, 1e9), figure(0, 1e11), text(256)

local read_state = record {
  names = record { FlowName = NAME, ExecutionName = NAME, MapRunName = NAME },
  run = record { Status = text(32), StartedTime = text(64), StoppedTime = text(64), ItemCounts = record {
    Total = COUNT, Succeed = COUNT, Failed = COUNT, Aborted = COUNT, Running = COUNT, Pending = COUNT } },
  progress = record { rate = SPAN, overall_rate = SPAN, stalled = SPAN, earliest = SPAN, latest = SPAN,
    breaks_in = SPAN, tolerance_left = figure(-2 ^ 53, 2 ^ 53) },
  error = record { kind = text(32), code = text(128), message = text(512) },
  polls = COUNT, seen = TIME, ended = yes,
}

local read_head = record { name = text(LONGEST_NAME), time = TIME, more = COUNT }

local function silent() end

--- The state as it goes to Redis or comes from there, or nil if it names no run.
local function read(value, doubt)
  local state = read_state(value, doubt)
  local names = state and state.names or {}
  return names.FlowName and names.ExecutionName and names.MapRunName and state or nil
end

--- What tells runs of all machines apart: the service's names, which hold no control character here.
local function key_of(names)
  return table.concat({ names.FlowName, names.ExecutionName, names.MapRunName }, "\n")
end

---- text ----

--- The rows of these states, those under way first, then the latest; and how many found no room.
---@param states fnf.WatchState[]
---@return string text a list
---@return integer more
function machines.rows(states)
  local order, places = {}, {}
  for i, state in ipairs(states) do
    order[i], places[state] = state, i
  end
  table.sort(order, function(a, b)
    if (a.ended or false) ~= (b.ended or false) then
      return not a.ended
    elseif a.ended and (a.seen or 0) ~= (b.seen or 0) then
      return (a.seen or 0) > (b.seen or 0)
    end
    return places[a] < places[b]
  end)
  local rows, size = {}, 256 -- bytes of the head
  for _, state in ipairs(order) do
    local row = #rows < MOST_ROWS and read(state, silent)
    local line = row and json.encode(row)
    if line and size + #line + 1 <= MOST_BYTES then
      rows[#rows + 1], size = line, size + #line + 1
    end
  end
  return "[" .. table.concat(rows, ",") .. "]", #order - #rows
end

---@class fnf.OtherMachine
---@field name string
---@field states fnf.WatchState[] as far as they were told, by the clock of this machine
---@field more? integer runs that it watches besides

--- What another machine has put, or nil if that makes no sense.
---@param value string
---@param since number seconds since it was put
---@param now number seconds since 1970
---@param doubt fun() called for each field, row or text that is not what it should be
---@return fnf.OtherMachine|nil
function machines.read(value, since, now, doubt)
  local given = json.decode(value)
  local machine = read_head(given, doubt)
  if not machine or not machine.time or (machine.name or "") == "" or type(given.rows) ~= "table" then
    return doubt()
  end
  local states = {}
  for i = 1, math.min(MOST_ROWS, #given.rows) do
    local state = read(given.rows[i], doubt)
    if state then
      state.seen = state.seen and now - math.max(0, since + machine.time - state.seen)
      state.machine = machine.name
      states[#states + 1] = state
    else
      doubt()
    end
  end
  return { name = machine.name, more = machine.more, states = states }
end

--- The runs of other machines that are not watched here, each once, as its latest watcher sees it.
---@param others fnf.OtherMachine[]
---@param own fnf.WatchState[]
---@return fnf.WatchState[]
function machines.merge(others, own)
  local here, at, merged = {}, {}, {}
  for _, state in ipairs(own) do
    here[key_of(state.names)] = true
  end
  for _, machine in ipairs(others) do
    for _, state in ipairs(machine.states) do
      local key = key_of(state.names)
      local place = not here[key] and (at[key] or #merged + 1)
      if place and (state.seen or 0) >= (merged[place] and merged[place].seen or 0) then
        at[key], merged[place] = place, state
        state.id = ("machine %s\n%s"):format(state.machine, key)
      end
    end
  end
  return merged
end

--- The page's words on them: how many of the runs shown are on how many machines, and what is not shown; nil if there
--- is nothing to say.
---@param others fnf.OtherMachine[]
---@param merged fnf.WatchState[]
---@param unknown? boolean Redis did not answer
---@param hidden? integer machines that are not read
---@return string|nil
function machines.note(others, merged, unknown, hidden)
  local on, count, parts, more = {}, 0, {}, 0
  for _, state in ipairs(merged) do
    count = count + (on[state.machine] and 0 or 1)
    on[state.machine] = true
  end
  for _, machine in ipairs(others) do
    more = more + (machine.more or 0)
  end
  if count > 0 then
    parts[1] = ("%d of them on %d other machine%s"):format(#merged, count, count == 1 and "" or "s")
  end
  if more > 0 then
    parts[#parts + 1] = ("%.0f more there are not shown"):format(more)
  end
  if hidden and hidden > 0 then
    parts[#parts + 1] = ("%.0f more machines are not shown"):format(hidden)
  end
  if unknown then
    parts[#parts + 1] = "runs of other machines are not known now"
  end
  return parts[1] and table.concat(parts, " \194\183 ") or nil
end

---- exchange ----

---@class fnf.Machines what one machine tells the others, and has heard of them
---@field name string
---@field id string its name in Redis
---@field life number seconds after which the others take it for gone, unless it tells anew
---@field pace number seconds between two exchanges
---@field private known string when it read last, by Redis' clock
---@field private heard table<string, fnf.OtherMachine>
---@field private rows? string
---@field private more? integer
---@field private told? string
local Machines = {}
Machines.__index = Machines

---@param id string the same after a restart, and another one's on every other machine
---@param name string as it is shown; its first 64 bytes
---@param life? number seconds (30)
---@return fnf.Machines
function machines.new(id, name, life)
  life = life or LIFE
  return setmetatable({ id = id, name = name:sub(1, LONGEST_NAME), life = life, pace = life / 15, known = "0",
    heard = {} }, Machines)
end

--- Tell everything anew: another worker may have told since.
function Machines:forget()
  self.told = nil
end

--- The text to be put; empty if the others know it, "-" where nothing is watched.
local function news(self, now)
  local told = self.more .. self.rows
  if told == self.told then
    return "", told
  elseif told == "0[]" then
    return "-", told
  end
  return ('{"name":%s,"time":%s,"more":%d,"rows":%s}'):format(json.encode(self.name), json.encode(now), self.more,
    self.rows), told
end

--- Put what is watched here, if it has changed, and read what has changed elsewhere: one command.
---@param share fnf.Share
---@param states? fnf.WatchState[] all that are watched here; nil: as they were
---@param now number seconds since 1970
---@return fnf.OtherMachine[]|nil others by their ids; nil: Redis is away
---@return integer|nil hidden machines that are not read, for there are too many
function Machines:exchange(share, states, now)
  if states or not self.rows then
    self.rows, self.more = machines.rows(states or {})
  end
  local value, told = news(self, now)
  local reply = share:run(script.machines, KEYS, { self.id, ("%.0f"):format(1000 * self.life), value, self.known,
    ("%d"):format(MOST_BYTES), ("%d"):format(MOST_MACHINES) })
  if type(reply) ~= "table" or type(reply[1]) ~= "string" then
    self.told, self.known, self.heard = nil, "0", {}
    return nil
  end
  self.known, self.told = reply[1], reply[2] == "1" and told or nil
  local heard, list = {}, {}
  local function doubt()
    share:doubt("what another machine watches")
  end
  for i = 4, #reply, 3 do
    local id, since = reply[i], number.within(reply[i + 1], 0, LONGEST_AGO)
    if type(id) == "string" then -- nothing new, or a text
      heard[id] = not since and self.heard[id] or since and machines.read(reply[i + 2], since, now, doubt) or nil
      list[#list + 1] = heard[id]
    else
      doubt()
    end
  end
  self.heard = heard
  return list, tonumber(reply[3])
end

return machines
