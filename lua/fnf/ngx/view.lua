--- A watched MapRun as it is shown: words and widths out of its state. Pure.
-- SPDX-License-Identifier: MIT

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

local COUNTS = { "Succeed", "Failed", "Aborted", "Running", "Pending" }

local NARROW = "\226\128\175" -- a blank at which no line is broken

--- "1234567" as "1 234 567", with narrow spaces.
local function grouped(number)
  local text = ("%.0f"):format(math.floor(number))
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

local function counts_of(run)
  local given, counts = type(run.ItemCounts) == "table" and run.ItemCounts or {}, {}
  for _, name in ipairs(COUNTS) do
    counts[name] = type(given[name]) == "number" and given[name] >= 0 and given[name] or 0
  end
  counts.Total = type(given.Total) == "number" and given.Total or nil
  return counts
end

--- Shares of the bar in percent, one after the other, never past its end.
local function widths(counts)
  local left, shown = 100, {}
  for _, name in ipairs { "Succeed", "Failed", "Aborted", "Running" } do
    local width = counts.Total and counts.Total > 0 and math.min(left, 100 * counts[name] / counts.Total) or 0
    shown[name], left = math.floor(width * 100 + 0.5) / 100, left - width
  end
  return shown
end

local function items_text(counts)
  if not counts.Total then
    return "not known yet"
  end
  local done = counts.Succeed + counts.Failed + counts.Aborted
  local share = counts.Total > 0 and math.min(1, done / counts.Total) or 0
  -- Rounded down: what is not done is never shown as 100 %.
  local percent = math.floor(1000 * share) / 10
  return ("%s of %s, %.4g%s%%"):format(grouped(done), grouped(counts.Total), percent, NARROW)
end

local NOT_KNOWN = "\226\128\147" -- a dash

--- Of late; of the whole run once it has ended.
local function rate_text(state, seen)
  local rate = state.ended and seen.overall_rate or seen.rate
  return rate and (rate >= 100 and grouped(rate) or ("%.3g"):format(rate)) .. " items/s" or NOT_KNOWN
end

--- The estimate as it was at the last poll, less the time since.
local function end_text(state, seen, now)
  local stopped = state.run and state.run.StoppedTime
  if state.ended then
    return state.error and "given up" or type(stopped) == "string" and (stopped:gsub("T", " ", 1)) or "ended"
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

local function trouble_text(state)
  local err = state.error
  if state.overdue then
    return ("nobody has polled it for %s"):format(view.span(state.overdue))
  end
  return err and ("%s: %s"):format(err.code or err.kind or "error", err.message or "") or ""
end

---@class fnf.View one watched MapRun for status.json; `shown` is the page's

--- One state as it is shown.
---@param state fnf.WatchState
---@param now number seconds since 1970
---@return fnf.View
function view.one(state, now)
  local run = state.run or {}
  local counts = counts_of(run)
  local status = type(run.Status) == "string" and run.Status or "Unknown"
  local sign = SIGNS[status] or UNKNOWN
  local bar, seen = widths(counts), state.progress or {}
  return {
    id = state.id, FlowName = state.names.FlowName, ExecutionName = state.names.ExecutionName,
    MapRunName = state.names.MapRunName, Status = status, ItemCounts = counts, polls = state.polls,
    progress = state.progress, seen = state.seen, ended = state.ended or false, error = state.error,
    overdue = state.overdue,
    shown = {
      name = state.names.MapRunName,
      place = ("%s / %s"):format(state.names.FlowName, state.names.ExecutionName),
      sign = sign[1], tone = sign[2], status = status, bar = bar, items = items_text(counts),
      failed = ("%s failed, %s aborted"):format(grouped(counts.Failed), grouped(counts.Aborted)),
      active = ("%s running, %s pending"):format(grouped(counts.Running), grouped(counts.Pending)),
      rate = rate_text(state, seen), ending = end_text(state, seen, now), tolerance = tolerance_text(seen),
      trouble = trouble_text(state),
    },
  }
end

--- All states as they are shown: those under way first.
---@param states fnf.WatchState[]
---@param now number
---@return fnf.View[]
function view.all(states, now)
  local under_way, ended = {}, {}
  for _, state in ipairs(states) do
    local list = state.ended and ended or under_way
    list[#list + 1] = view.one(state, now)
  end
  for _, one in ipairs(ended) do
    under_way[#under_way + 1] = one
  end
  return under_way
end

return view
