--- A watched MapRun as it is shown: words and widths out of its state. Pure.
-- SPDX-License-Identifier: MIT

local number = require "fnf.number"
local time = require "fnf.time"

local view = {}

--- A sign and a tone for each status, so that colour is never all there is.
local SIGNS = {
  Succeeded = { "\226\156\147", "good" }, -- a check mark
  Failed = { "\226\156\151", "bad" }, -- a cross
  Aborted = { "\226\150\160", "stopped" }, -- a square
  Running = { "\226\150\182", "busy" }, -- a triangle
  Pending = { "\226\128\166", "idle" }, -- an ellipsis
}
local UNKNOWN = { "?", "idle" }
local GIVEN_UP = { "!", "bad" }
local IN_TROUBLE = { "\226\150\179", "stopped" } -- an empty triangle: under way as far as is known, and no news of it

local NARROW = "\226\128\175" -- a blank at which no line is broken

--- "1234567" as "1 234 567", with narrow spaces.
local function grouped(count)
  local text = ("%.0f"):format(math.floor(count))
  local groups = text:reverse():gsub("(%d%d%d)", "%1 "):reverse():gsub("^ ", "")
  return (groups:gsub(" ", NARROW))
end

--- Seconds in the words of a clock on the wall: "40 s", "12 min", "3 h 5 min", "2 d 4 h".
---@param seconds number
---@return string
function view.span(seconds)
  if seconds < 100 then
    return ("%d s"):format(math.ceil(seconds))
  end
  local minutes = math.floor(seconds / 60 + 0.5)
  if minutes < 100 then
    return ("%d min"):format(minutes)
  elseif minutes < 60 * 48 then
    return ("%d h %d min"):format(math.floor(minutes / 60), minutes % 60)
  end
  return ("%d d %d h"):format(math.floor(minutes / 1440), math.floor(minutes % 1440 / 60))
end

local NOT_KNOWN = "\226\128\147" -- a dash

local MOST = 2 ^ 63 -- of 64 bits: what is larger counts nothing, and some of them have no finite sum

--- Counts as they were told; what was not, or is no count, is absent.
local function counts_of(run)
  local given, counts = type(run.ItemCounts) == "table" and run.ItemCounts or {}, {}
  for _, name in ipairs { "Total", "Succeed", "Failed", "Aborted", "Running", "Pending" } do
    local count = given[name]
    counts[name] = type(count) == "number" and count >= 0 and count <= MOST and count or nil
  end
  return counts
end

--- Items that are through; an aborted one is not.
local function done_of(counts)
  return (counts.Succeed or 0) + (counts.Failed or 0)
end

--- Shares of the bar in percent, one after the other, never past its end.
local function widths(counts)
  local left, shown = 100, {}
  for _, name in ipairs { "Succeed", "Failed", "Aborted", "Running" } do
    local share = counts.Total and counts.Total > 0 and 100 * (counts[name] or 0) / counts.Total or 0
    local width = math.min(left, share)
    shown[name], left = math.floor(width * 100 + 0.5) / 100, left - width
  end
  return shown
end

local function share_text(counts)
  if not counts.Total then
    return NOT_KNOWN
  end
  local share = counts.Total > 0 and math.min(1, done_of(counts) / counts.Total) or 0
  -- Rounded down: what is not done is never shown as 100 %.
  return number.format("%.4g", math.floor(1000 * share) / 10) .. NARROW .. "%"
end

local function items_text(counts)
  if not counts.Total then
    return "not known yet"
  end
  return ("%s of %s, %s"):format(grouped(done_of(counts)), grouped(counts.Total), share_text(counts))
end

--- "3 failed, – aborted" of the names given.
local function counts_text(counts, ...)
  local parts = {}
  for _, name in ipairs { ... } do
    parts[#parts + 1] = (counts[name] and grouped(counts[name]) or NOT_KNOWN) .. " " .. name:lower()
  end
  return table.concat(parts, ", ")
end

local UNITS = { { 1, "s" }, { 60, "min" }, { 3600, "h" }, { 86400, "day" } }

--- Of late; of the whole run once it has ended. In the unit in which it is no small fraction.
local function rate_text(state, seen)
  local rate = seen.rate
  if state.ended then
    rate = seen.overall_rate
  end
  if not rate then
    return NOT_KNOWN
  end
  for _, unit in ipairs(UNITS) do
    local amount = rate * unit[1]
    if amount >= 1 then
      return ("%s items/%s"):format(amount >= 100 and grouped(amount) or number.format("%.3g", amount), unit[2])
    end
  end
  return rate > 0 and "less than 1 item/day" or "0 items/s"
end

--- A time of the service: as text, and in seconds since 1970 if it is one.
local function time_of(given)
  local at = time.from_rfc3339(given)
  if at then
    return (time.timestamp(at):gsub("T", " "):gsub("Z", " UTC")), at
  end
  return type(given) == "string" and (given:gsub("T", " ", 1)) or NOT_KNOWN
end

--- The estimate as it was at the last poll, less the time since.
local function end_text(state, seen, now)
  if state.ended then
    local stopped = state.run and time_of(state.run.StoppedTime) or NOT_KNOWN
    return state.error and "given up" or stopped ~= NOT_KNOWN and stopped or "ended"
  elseif seen.stalled then
    return ("nothing has moved for %s"):format(view.span(seen.stalled))
  elseif not seen.earliest or not seen.latest then
    return NOT_KNOWN
  end
  local age = math.max(0, now - (state.seen or now))
  local early, late = view.span(math.max(0, seen.earliest - age)), view.span(math.max(0, seen.latest - age))
  return early == late and "in about " .. early or ("in %s to %s"):format(early, late)
end

local function tolerance_text(seen)
  local left = seen.tolerance_left
  if not left then
    return NOT_KNOWN
  elseif left < 0 then
    return "exceeded"
  end
  local soon = seen.breaks_in and (", gone in " .. view.span(seen.breaks_in)) or ""
  return ("%s more %s%s"):format(grouped(left), left == 1 and "failure" or "failures", soon)
end

--- What matters of a run besides its end: while it is under way what may still fail, then how long it took.
local function last_row(state, seen, started, stopped)
  if not state.ended then
    return "Tolerance left", tolerance_text(seen)
  end
  return "Took", started and stopped and stopped >= started and view.span(stopped - started) or NOT_KNOWN
end

local function trouble_text(state)
  local err = state.error
  if state.overdue then
    return ("nobody has polled it for %s"):format(view.span(state.overdue))
  end
  return err and ("%s: %s"):format(err.code or err.kind or "error", err.message or "") or ""
end

--- Why items failed, a line each; nil unless somebody has asked.
local function errors_of(state)
  local found, lines = state.failures, {}
  if not found then
    return nil
  end
  lines[1] = found.problem
  for _, kind in ipairs(found.kinds or {}) do
    lines[#lines + 1] = ("%s \195\151 %s%s"):format(grouped(kind.count), kind.Error,
      kind.form ~= "" and ": " .. kind.form or "")
  end
  if found.more > 0 then
    lines[#lines + 1] = ("and %d other kinds"):format(found.more)
  end
  if found.sampled < found.failed then
    lines[#lines + 1] = ("%s of %s failed items were looked at, evenly chosen"):format(grouped(found.sampled),
      grouped(found.failed))
  end
  for _, warning in ipairs(found.warnings or {}) do
    lines[#lines + 1] = warning
  end
  return lines[1] and lines or nil
end

--- Enough of a name to tell the runs of one execution apart. The service's names are 32 hexadecimal digits.
local function short(name)
  return #name > 12 and name:match "^%x+$" and name:sub(1, 8) .. "\226\128\166" or name
end

--- The status that is known, a word for what a reader is to make of it, and its sign.
---@return string status the service's, Unknown where the last one says nothing of now
---@return string word
---@return table sign
local function status_of(state, seen)
  local status = state.run and type(state.run.Status) == "string" and state.run.Status or "Unknown"
  if state.ended and state.error then
    return "Unknown", "Given up", GIVEN_UP
  elseif state.overdue then
    return status, "Not polled", IN_TROUBLE
  elseif seen.stalled and not state.ended then
    return status, "Stalled", IN_TROUBLE
  end
  return status, status, SIGNS[status] or UNKNOWN
end

local CHART_WIDTH, CHART_HEIGHT = 100, 24

--- The line of the items that were done over time, as points of an SVG; empty while there is no line.
local function chart(state, counts)
  local history = type(state.history) == "table" and state.history or {}
  local first, last = history[1], history[#history]
  if not first or last[1] <= first[1] then
    return ""
  end
  local top = math.max(counts.Total or 0, 1)
  for _, point in ipairs(history) do
    top = math.max(top, point[2])
  end
  local points = {}
  for i, point in ipairs(history) do
    local x, y = CHART_WIDTH * (point[1] - first[1]) / (last[1] - first[1]), CHART_HEIGHT * (1 - point[2] / top)
    points[i] = number.format("%.1f", x) .. "," .. number.format("%.1f", y)
  end
  return table.concat(points, " ")
end

---@class fnf.View one watched MapRun for status.json; `shown` is the page's

--- One state as it is shown.
---@param state fnf.WatchState
---@param now number seconds since 1970
---@param askable? boolean it may be asked why items failed
---@return fnf.View
function view.one(state, now, askable)
  local run, seen = state.run or {}, state.progress or {}
  local counts, names = counts_of(run), state.names
  local status, word, sign = status_of(state, seen)
  local started, started_at = time_of(run.StartedTime)
  local _, stopped_at = time_of(run.StoppedTime)
  local label, last = last_row(state, seen, started_at, stopped_at)
  return {
    id = state.id, FlowName = names.FlowName, ExecutionName = names.ExecutionName,
    MapRunName = names.MapRunName, Status = status, ItemCounts = counts, polls = state.polls,
    progress = state.progress, seen = state.seen, ended = state.ended or false, error = state.error,
    overdue = state.overdue, failures = state.failures, machine = state.machine,
    shown = {
      name = names.MapRunName, short = short(names.MapRunName), machine = state.machine or "",
      place = ("%s / %s"):format(names.FlowName, names.ExecutionName),
      sign = sign[1], tone = sign[2], status = word, bar = widths(counts), share = share_text(counts),
      items = items_text(counts), ended_items = counts_text(counts, "Failed", "Aborted"),
      active_items = counts_text(counts, "Running", "Pending"), rate = rate_text(state, seen),
      ending = end_text(state, seen, now), ended_at = not state.error and state.ended and stopped_at or nil,
      last_label = label, last = last, started = started, started_at = started_at,
      age = state.seen and view.span(math.max(0, now - state.seen)) .. " ago" or "not yet",
      trouble = trouble_text(state), chart = chart(state, counts), errors = errors_of(state),
      askable = askable or false,
    },
  }
end

--- What a reader is to see first; the words of a summary in their order.
local RANKS = { ["Given up"] = 1, Failed = 1, Stalled = 2, ["Not polled"] = 2, Running = 3, Pending = 4, Unknown = 4,
  Aborted = 5, Succeeded = 6 }
local SUMMARY = { "Running", "Pending", "Unknown", "Stalled", "Not polled", "Failed", "Given up", "Aborted",
  "Succeeded" }

--- All states as they are shown: first what needs somebody, then what is under way, then what has ended.
---@param states fnf.WatchState[]
---@param now number
---@param pause? fun(count: integer) called after each
---@param askable? fun(state: fnf.WatchState): boolean whether it may be asked why items failed
---@return fnf.View[]
function view.all(states, now, pause, askable)
  local list, keys = {}, {}
  for i, state in ipairs(states) do
    local one = view.one(state, now, askable and askable(state))
    list[i] = one
    if pause then
      pause(i)
    end
    keys[one] = ("%d %s %09d"):format(RANKS[one.shown.status] or RANKS.Unknown, one.shown.place, i)
  end
  table.sort(list, function(a, b)
    return keys[a] < keys[b]
  end)
  return list
end

--- All in one line: "52 running · 1 failed".
---@param views fnf.View[]
---@param note? string what is to be said besides
---@return string
function view.summary(views, note)
  local counts, parts = {}, {}
  for _, one in ipairs(views) do
    local word = RANKS[one.shown.status] and one.shown.status or "Unknown"
    counts[word] = (counts[word] or 0) + 1
  end
  for _, word in ipairs(SUMMARY) do
    if counts[word] then
      parts[#parts + 1] = ("%s %s"):format(grouped(counts[word]), word:lower())
    end
  end
  parts[#parts + 1] = note
  return table.concat(parts, " \194\183 ")
end

--- Whether a run is one that a reader asked for: all of his words stand in its names or its status.
---@param one fnf.View
---@param asked string
---@return boolean
function view.matches(one, asked)
  local shown = one.shown
  local text = ("%s %s %s %s"):format(shown.place, shown.name, shown.status, shown.machine):lower()
  for word in asked:lower():gmatch "%S+" do
    if not text:find(word, 1, true) then
      return false
    end
  end
  return true
end

local MOST_POINTS = 40 -- of a run's chart: about 1 KiB of the dictionary

--- A run's history with one more answer in it; once it is full, every second point goes.
---@param history? number[][] pairs of seconds since 1970 and items done
---@param run table the answer
---@param at number seconds since 1970
---@return number[][]|nil
function view.remember(history, run, at)
  local counts = counts_of(run)
  if not counts.Succeed and not counts.Failed then
    return history
  end
  local kept = {}
  for i, point in ipairs(history or {}) do
    if #(history or {}) < MOST_POINTS or i % 2 == 1 then
      kept[#kept + 1] = point
    end
  end
  kept[#kept + 1] = { math.floor(at * 10 + 0.5) / 10, done_of(counts) }
  return kept
end

return view
