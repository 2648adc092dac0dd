--- Counters of what the clients of an nginx do, and their text for Prometheus. A listener of `on_event`, nothing more.
-- SPDX-License-Identifier: MIT

local retry = require "fnf.call.retry"

local metrics = {}

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

local function escape(value)
  return (tostring(value):gsub("[\\\"\n]", { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" }))
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

local HEARD = {
  poll = function(shared)
    shared:add("fnf_polls_total", 1)
  end,
  response = function(shared, fields)
    local err = fields.error
    observe(shared, fields.operation, fields.seconds)
    if err and err.kind ~= "cancelled" then
      shared:add(sample("fnf_errors_total", "operation", fields.operation, "code", err.code or err.kind), 1)
      if retry.reason({}, err) == "throttle" then
        shared:add(sample("fnf_throttles_total", "operation", fields.operation), 1)
      end
    end
  end,
}

local listening = setmetatable({}, { __mode = "k" }) -- clients that are listened to

--- Count what a client does from now on, before its own listener hears of it.
---@param client fnf.Client
---@param shared fnf.SharedState
function metrics.listen(client, shared)
  if listening[client] then
    return
  end
  listening[client] = true
  local own = client.on_event
  function client.on_event(name, fields)
    local hear = HEARD[name]
    if hear then
      hear(shared, fields)
    end
    if own then
      return own(name, fields)
    end
  end
end

---- telling ----

local function gauge(values, name, amount)
  values[name] = (values[name] or 0) + amount
end

--- What is foreseen of a run under way.
local function add_progress(state, values)
  local seen, names = state.progress or {}, state.names
  local function add(name, value, ...)
    values[sample(name, "FlowName", names.FlowName, "ExecutionName", names.ExecutionName, "MapRunName",
      names.MapRunName, ...)] = value
  end
  add("fnf_map_run_items_per_second", seen.rate)
  add("fnf_map_run_end_seconds", seen.earliest, "bound", "earliest")
  add("fnf_map_run_end_seconds", seen.latest, "bound", "latest")
  add("fnf_map_run_tolerance_left", seen.tolerance_left)
end

--- Samples of the watched runs as they are now.
local function add_runs(shared, values)
  for _, state in ipairs(shared:states()) do
    local run = state.run or {}
    gauge(values, sample("fnf_map_runs", "status", run.Status or "Unknown"), 1)
    if not state.ended then
      add_progress(state, values)
    end
    for name, count in pairs(type(run.ItemCounts) == "table" and run.ItemCounts or {}) do
      if name ~= "Total" and type(count) == "number" then
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
---@return string
function metrics.text(shared)
  local _, values = shared:counts()
  add_runs(shared, values)
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
