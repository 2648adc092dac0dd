--- Why items of a watched MapRun failed: asked of the service once, when somebody asks, and kept for all who look.
-- SPDX-License-Identifier: MIT
--
-- It costs quota, a request for each child that is looked at; so it is asked only of a run that has ended, by one
-- request at a time, and what was found out is kept with the run.

local errors = require "fnf.errors"
local poller = require "fnf.ngx.poller"

local failures = {}

local LIMIT = 100 -- children whose causes are read: 49 at once, then five a second
local PATIENCE = 25 -- seconds for all of it; what was found until then is shown
local MOST_KINDS = 6
local LONGEST = 128 -- bytes of a name of an error

---@class fnf.WatchFailures
---@field kinds? { Error: string, form: string, count: integer }[] the largest first, six at most; never empty
---@field more integer kinds besides those
---@field failed integer children that failed
---@field sampled integer of those whose causes were read
---@field complete boolean
---@field warnings? string[] never empty: an empty list would be written as an object
---@field problem? string why it could not be found out

--- What is kept of a report, which may be nil or incomplete if there is an error.
local function summary(report, err)
  local groups = report and report.groups or {}
  local warnings, kinds = report and report.warnings or {}, {}
  local kept = { kinds = groups[1] and kinds or nil, more = math.max(0, #groups - MOST_KINDS),
    failed = report and report.failed or 0, sampled = report and report.sampled or 0, complete = not err,
    warnings = warnings[1] and warnings or nil, problem = err and tostring(err) }
  for index = 1, math.min(MOST_KINDS, #groups) do
    local group = groups[index]
    kinds[index] = { Error = errors.clean(group.Error):sub(1, LONGEST), form = group.form, count = group.count }
  end
  return kept
end

--- Whether there is anything to ask: the run has ended, items failed, and nobody has found out yet why.
---@param state fnf.WatchState
---@return boolean
function failures.askable(state)
  local counts = state.run and state.run.ItemCounts
  local failed = type(counts) == "table" and tonumber(counts.Failed) or 0
  return state.ended == true and not state.error and failed > 0 and not (state.failures and state.failures.complete)
end

--- Find out why, unless that is known or being found out. It may take half a minute, in which other requests go on.
---@param shared fnf.SharedState
---@param id string of the run
---@return integer status of HTTP: 204 done, 404, 409 nothing to ask, 429 somebody asks, 503 no client here
function failures.ask(shared, id)
  local state = shared:state(id)
  if not state then
    return 404
  elseif not failures.askable(state) then
    return state.failures and 204 or 409
  end
  local client = poller.client(shared.name, state)
  if not client then
    return 503
  elseif not shared:begin_asking(id, 2 * PATIENCE) then
    return 429
  end
  local done, report, err = pcall(client.explain_map_run, client, state.names, { limit = LIMIT, examples = 0,
    timeout = PATIENCE })
  if not done then -- what a listener of the caller's raises
    ngx.log(ngx.ERR, "fnf: asking why items failed: ", tostring(report))
    report, err = nil, "it could not be asked; see nginx's error log"
  end
  shared:end_asking(id, summary(report or errors.is(err) and err.report or nil, err))
  return 204
end

return failures
