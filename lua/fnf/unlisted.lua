--- Operations that are newer than the rows of fnf.operations, or newer parameters of those that are there.
-- SPDX-License-Identifier: MIT

local json = require "fnf.json"
local operations = require "fnf.operations"

local unlisted = {}

--- What every request has by itself; an operation's parameter of such a name would break the signature.
local TAKEN = { Action = true, Version = true, Format = true, Timestamp = true, SignatureNonce = true,
  SignatureMethod = true, SignatureVersion = true, SignatureType = true, Signature = true, AccessKeyId = true,
  SecurityToken = true }

local QUOTA = { burst = 10, rate = 2 } -- "every other operation" (API.md section 6)

--- Rows for the options of `client:call`.
---@param call_options table<string, fnf.Row>
---@return table<string, fnf.Row>
function unlisted.options(call_options)
  local rows = {
    method = { type = "string", values = { "GET", "POST" } },
    repeatable = { type = "boolean" },
  }
  for name, row in pairs(call_options) do
    rows[name] = row
  end
  return rows
end

local function validate_value(value)
  local kind = type(value)
  if kind == "table" then
    local reason = json.validate(value)
    return reason and "cannot be written as JSON: " .. reason
  elseif kind == "number" and (value ~= value or value == math.huge or value == -math.huge) then
    return "must be finite"
  elseif kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
    return "must be a string, number, boolean or table, is a " .. kind
  end
end

--- What is wrong with a call, or nil.
---@param params any
---@param _ table options
---@param action any
---@return string|nil
function unlisted.validate(params, _, action)
  if type(action) ~= "string" or not action:find("^%a%w*$") then
    return "the name of an operation expected first, such as \"DescribeMapRun\""
  elseif type(params) ~= "table" then
    return "a table of parameters expected, got " .. type(params)
  end
  for name, value in pairs(params) do
    if type(name) ~= "string" or not name:find("^[%w_.-]+$") then
      return "a parameter's name must be a word, is " .. tostring(name):gsub("%c", "?")
    elseif TAKEN[name] then
      return ("parameter %s belongs to every request and cannot be given"):format(name)
    end
    local problem = validate_value(value)
    if problem then
      return ("parameter %s %s"):format(name, problem)
    end
  end
end

--- The row of an operation of ours by the service's name of it.
---@param action string
---@return fnf.Operation|nil
function unlisted.known(action)
  for _, row in pairs(operations) do
    if row.action == action then
      return row
    end
  end
end

--- A row for an operation. What we know of it holds; what we do not is a POST that must not be repeated by itself.
---@param action string
---@param options { method?: "GET"|"POST", repeatable?: boolean }
---@return fnf.Operation
function unlisted.row(action, options)
  local known = unlisted.known(action) or { method = "POST", parameters = {}, repeatable = false, writes = true }
  local repeatable = options.repeatable
  if repeatable == nil then
    repeatable = known.repeatable
  end
  return {
    action = action,
    method = options.method or known.method,
    parameters = known.parameters,
    repeatable = repeatable,
    writes = known.writes,
    quota = known.quota or QUOTA,
    attempt_timeout = known.attempt_timeout,
    holds = known.holds,
    answer = known.answer,
  }
end

return unlisted
