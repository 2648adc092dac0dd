--- Who else knows of the end of a MapRun, flow by flow: whether it may still be asked.
-- SPDX-License-Identifier: MIT
--
-- An operation that is refused is asked no more for that flow, and one that is silent not for a while; both with one
-- `warning`. What is known of a flow is kept by the client, for its later waits.

local wait = require "fnf.wait.wait"

local source = {}

local MOST_MISSES = 3 -- in a row: silence
local REST = 600 -- seconds for which who was silent is not asked
local LONGEST_DELAY = 30 -- seconds after a miss

---@class fnf.KnownFlow
---@field name string
---@field off table<string, number> by operation: not to be asked before
---@field misses table<string, integer> by operation: failures in a row
---@field ending? string the form in which a history tells the end of a MapRun, once one has been seen
---@field lessons integer readings of histories that did not tell one

--- What this client knows of a flow.
---@param client fnf.Client
---@param name string
---@return fnf.KnownFlow
function source.flow(client, name)
  client.known_flows = client.known_flows or {}
  client.known_flows[name] = client.known_flows[name] or { name = name, off = {}, misses = {}, lessons = 0 }
  return client.known_flows[name]
end

---@param flow fnf.KnownFlow
---@param row fnf.Operation
---@param now number
---@return boolean
function source.is_off(flow, row, now)
  return now < (flow.off[row.action] or 0)
end

--- Ask it no more for this flow.
---@param flow fnf.KnownFlow
---@param row fnf.Operation
---@param context fnf.WaitContext
---@param seconds number for how long
---@param reason string
function source.turn_off(flow, row, context, seconds, reason)
  flow.off[row.action] = context.platform.now() + seconds
  context.client:tell("warning", { operation = row.action,
    message = ("flow %s: %s; its MapRuns are polled without it"):format(flow.name, reason) })
end

--- It answered.
---@param flow fnf.KnownFlow
---@param row fnf.Operation
function source.worked(flow, row)
  flow.misses[row.action] = nil
end

--- It did not. Whether it is the first time that this has to do with the flow is left to the caller.
---@param flow fnf.KnownFlow
---@param row fnf.Operation
---@param context fnf.WaitContext
---@param err fnf.Error
---@return number|nil delay seconds until it may be asked again; nil if it may not
function source.missed(flow, row, context, err)
  if err.kind == "cancelled" then
    return 0
  elseif source.is_off(flow, row, context.platform.now()) then
    return nil
  end
  local misses = (flow.misses[row.action] or 0) + 1
  flow.misses[row.action] = misses
  if err.status == 403 then
    source.turn_off(flow, row, context, math.huge, ("%s may not be asked (%s)"):format(row.action, tostring(err)))
    return nil
  end
  context.client:tell("warning", { operation = row.action, error = err })
  if misses >= MOST_MISSES and not err.code then
    source.turn_off(flow, row, context, REST, row.action .. " does not answer")
    return nil
  end
  return wait.may_heal(err) and math.max(math.min(err.retry_after or 0, 2 * LONGEST_DELAY),
    math.min(LONGEST_DELAY, 2 ^ misses)) or nil
end

return source
