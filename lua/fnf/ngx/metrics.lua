--- Counters of what the clients of an nginx do, and their text for Prometheus. A listener of `on_event`, nothing more.
-- SPDX-License-Identifier: MIT

local operations = require "fnf.operations"
local retry = require "fnf.call.retry"

local metrics = {}

local MOST_RUNS = 500 -- under way that have series of their own: a page has room for more, a database has not
local BUCKETS = { 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60 } -- seconds of a call

--- Families in the order of the page: name, type, help.
local FAMILIES = {
  { "fnf_map_runs", "gauge", "Watched MapRuns by status; Unknown until the first answer." },
  { "fnf_map_run_items", "gauge", "Items of the watched MapRuns by state." },
  { "fnf_map_run_items_per_second", "gauge", "Items that ended a second of late, by MapRun under way." },
  { "fnf_map_run_end_seconds", "gauge", "Seconds to the end as foreseen at the last poll; absent while unknown." },
  { "fnf_map_run_tolerance_left", "gauge", "Items that may still fail, by MapRun under way." },
  { "fnf_polls_total", "counter", "Polls of watched MapRuns." },
  { "fnf_throttles_total", "counter", "Answers of the service that asked to slow down, by operation." },
  { "fnf_errors_total", "counter", "Attempts that failed, by operation and code." },
  { "fnf_call_seconds", "histogram", "Seconds from sending an attempt to its answer." },
}

local OTHER = "other" -- whatever comes from outside and is none of the names below

local function set(words)
  local found = {}
  for word in words:gmatch "%S+" do
    found[word] = true
  end
  return found
end

--- Codes that are counted by name. The service makes up no others, and what stands between may: each would be a series
--- for ever.
local KNOWN_CODE = set [=[
  AccessDenied ConcurrentUpdateError ExecutionAlreadyCompleted ExecutionAlreadyExists ExecutionNotExists
  FlowAlreadyExists FlowNotExists Forbidden.RAM InternalError InternalServerError InvalidAccessKeyID
  InvalidAccessKeyId.Inactive InvalidAccessKeyId.NotFound InvalidAction.NotFound InvalidApi.NotFound InvalidArgument
  InvalidSecurityToken.Expired InvalidSecurityToken.MismatchWithAccessKey InvalidTimeStamp.Expired
  InvalidTimeStamp.Format MissingRequiredHeader MissingRequiredParams MissingSecurityToken PreconditionFailed
  RequestTimeTooSkewed ResourceThrottled ServiceUnavailable SignatureDoesNotMatch SignatureNonceUsed SignatureNotMatch
  TaskAlreadyCompleted TaskInvalidState Throttling Throttling.Api Throttling.User
]=]
local KNOWN_STATUS = set "Pending Running Succeeded Failed Aborted Unknown"
local KNOWN_ITEM = set "Succeed Failed Aborted Running Pending"

local KNOWN_OPERATION = {}
for _, row in pairs(operations) do
  if type(row) == "table" and row.action then
    KNOWN_OPERATION[row.action] = true
  end
end

--- A code if it is known, else the kind for an error that has none.
local function code_of(err)
  return not err.code and (err.kind or OTHER) or KNOWN_CODE[err.code] and err.code or OTHER
end

--- Text as Prometheus takes it: what is no UTF-8 becomes question marks.
local function valid_utf8(text)
  if not text:find "[\128-\255]" then
    return text
  end
  local parts, at = {}, 1
  while at <= #text do
    local a, b = text:byte(at, at + 1)
    local size = a < 0x80 and 1 or a >= 0xC2 and a <= 0xDF and 2 or a >= 0xE0 and a <= 0xEF and 3
      or a >= 0xF0 and a <= 0xF4 and 4 or nil
    local good = size and text:find("^" .. ("[\128-\191]"):rep(size - 1), at + 1)
    -- Too long for what it says, a surrogate, or beyond the last character.
    if good and b and (a == 0xE0 and b < 0xA0 or a == 0xED and b > 0x9F or a == 0xF0 and b < 0x90
      or a == 0xF4 and b > 0x8F) then
      good = nil
    end
    parts[#parts + 1] = good and text:sub(at, at + size - 1) or "?"
    at = at + (good and size or 1)
  end
  return table.concat(parts)
end

local function escape(value)
  return (valid_utf8(tostring(value)):gsub("[\\\"\n]", { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" }))
end

--- A sample's name: labels come in pairs.
local function sample(name, ...)
  local labels, given = {}, { ... }
  for i = 1, #given, 2 do
    labels[#labels + 1] = ('%s="%s"'):format(given[i], escape(given[i + 1]))
  end
  return #labels > 0 and ("%s{%s}"):format(name, table.concat(labels, ",")) or name
end

---- listening ----

local function observe(shared, operation, seconds)
  for _, bound in ipairs(BUCKETS) do
    if seconds <= bound then
      shared:add(sample("fnf_call_seconds_bucket", "operation", operation, "le", bound), 1)
    end
  end
  shared:add(sample("fnf_call_seconds_bucket", "operation", operation, "le", "+Inf"), 1)
  shared:add(sample("fnf_call_seconds_sum", "operation", operation), seconds)
  shared:add(sample("fnf_call_seconds_count", "operation", operation), 1)
end

--- What is counted of each event.
local COUNTED = {
  poll = function(shared)
    shared:add("fnf_polls_total", 1)
  end,
  response = function(shared, fields)
    local err = fields.error
    local operation = KNOWN_OPERATION[fields.operation] and fields.operation or OTHER
    observe(shared, operation, fields.seconds)
    if err and err.kind ~= "cancelled" then
      shared:add(sample("fnf_errors_total", "operation", operation, "code", code_of(err)), 1)
      if retry.reason({}, err) == "throttle" then
        shared:add(sample("fnf_throttles_total", "operation", operation), 1)
      end
    end
  end,
}

local listening = setmetatable({}, { __mode = "k" }) -- by client: names of the dictionaries it is counted in

--- Count what a client does from now on, once in each dictionary.
---@param client fnf.Client
---@param shared fnf.SharedState
function metrics.listen(client, shared)
  local dictionaries = listening[client] or {}
  listening[client] = dictionaries
  if dictionaries[shared.name] then
    return
  end
  dictionaries[shared.name] = true
  client:listen(function(name, fields)
    local count = COUNTED[name]
    if count then
      count(shared, fields)
    end
  end)
end

---- telling ----

local function gauge(values, name, amount)
  values[name] = (values[name] or 0) + amount
end

--- What is foreseen of a run under way.
local function add_progress(state, values)
  local seen, names = state.progress or {}, state.names
  local function add(name, value, ...)
    values[sample(name, "flow_name", names.FlowName, "execution_name", names.ExecutionName, "map_run_name",
      names.MapRunName, ...)] = value
  end
  add("fnf_map_run_items_per_second", seen.rate)
  add("fnf_map_run_end_seconds", seen.earliest, "bound", "earliest")
  add("fnf_map_run_end_seconds", seen.latest, "bound", "latest")
  add("fnf_map_run_tolerance_left", seen.tolerance_left)
end

--- A run whose watch was given up may be anything by now.
local function status_of(state)
  local status = state.run and state.run.Status or "Unknown"
  if state.ended and state.error then
    return "Unknown"
  end
  return KNOWN_STATUS[status] and status or OTHER
end

--- Samples of the watched runs as they are now.
local function add_runs(shared, values, pause)
  local told = 0
  for _, state in ipairs(shared:states(pause)) do
    local run = state.run or {}
    gauge(values, sample("fnf_map_runs", "status", status_of(state)), 1)
    if not state.ended and told < MOST_RUNS then
      told = told + 1
      add_progress(state, values)
    end
    for name, count in pairs(type(run.ItemCounts) == "table" and run.ItemCounts or {}) do
      if KNOWN_ITEM[name] and type(count) == "number" then
        gauge(values, sample("fnf_map_run_items", "state", name), count)
      end
    end
  end
end

--- Bounds in order, sums last, whatever the alphabet says.
local function order(name)
  local labels, bound = name:match 'bucket{(.*),le="(.*)"}$'
  if not bound then
    return name
  end
  return ("%s %020.6f"):format(labels, bound == "+Inf" and 1e12 or tonumber(bound))
end

--- The page that Prometheus scrapes.
---@param shared fnf.SharedState
---@param pause? fun(count: integer) called after each run
---@return string
function metrics.text(shared, pause)
  local _, values = shared:counts()
  add_runs(shared, values, pause)
  local names, lines = {}, {}
  for name in pairs(values) do
    names[#names + 1] = name
  end
  table.sort(names, function(a, b)
    return order(a) < order(b)
  end)
  for _, family in ipairs(FAMILIES) do
    lines[#lines + 1] = ("# HELP %s %s\n# TYPE %s %s"):format(family[1], family[3], family[1], family[2])
    for _, name in ipairs(names) do
      local base = name:match "^[%w_]+"
      if base == family[1] or family[2] == "histogram" and base:sub(1, #family[1] + 1) == family[1] .. "_" then
        lines[#lines + 1] = ("%s %.14g"):format(name, values[name])
      end
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

return metrics
