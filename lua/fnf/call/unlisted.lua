--- client:call: operations that are newer than the rows, or newer parameters of those that are there.
-- SPDX-License-Identifier: MIT

local json = require "fnf.json"
local number = require "fnf.number"
local operations = require "fnf.operations"

local unlisted = {}

local QUOTA = { burst = 10, rate = 2 } -- "every other operation" (API.md section 6)

--- What every request has by itself; an operation's parameter of such a name would break the signature.
---@type table<string, boolean>
unlisted.every_request = { Action = true, Version = true, Format = true, Timestamp = true, SignatureNonce = true,
  SignatureMethod = true, SignatureVersion = true, SignatureType = true, Signature = true, AccessKeyId = true,
  SecurityToken = true }

--- Options of `client:call` beside those of every call.
---@type table<string, fnf.Row>
unlisted.options = { method = { type = "string", values = { "GET", "POST" } }, repeatable = { type = "boolean" } }

local function validate_value(value)
  local kind = type(value)
  if kind == "table" then
    local reason = json.validate(value)
    return reason and "cannot be written as JSON: " .. reason
  elseif kind == "number" and (value ~= value or value == math.huge or value == -math.huge) then
    return "must be finite"
  elseif kind == "number" and not number.is_exact(value) then
    return "is a whole number of which digits may be lost already; give its digits as a string"
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
    elseif unlisted.every_request[name] then
      return ("parameter %s belongs to every request and cannot be given"):format(name)
    end
    local problem = validate_value(value)
    if problem then
      return ("parameter %s %s"):format(name, problem)
    end
  end
end

local function row_of_action(action)
  for _, row in pairs(operations) do
    if row.action == action then
      return row
    end
  end
end

local ANY = { type = "any" }

--- A row for an operation. What we know of it holds; what we do not is a POST that must not be repeated by itself.
---@param action string
---@param params table
---@param options { method?: "GET"|"POST", repeatable?: boolean }
---@return fnf.Operation
local function row_of(action, params, options)
  local known = row_of_action(action) or { method = "POST", parameters = {}, repeatable = false, writes = true }
  local repeatable = options.repeatable
  if repeatable == nil then
    repeatable = known.repeatable
  end
  local parameters = {}
  for _, names in ipairs { params, known.parameters } do
    for name in pairs(names) do
      parameters[name] = known.parameters[name] or ANY
    end
  end
  return {
    action = action,
    method = options.method or known.method,
    parameters = parameters,
    repeatable = repeatable,
    writes = known.writes,
    quota = known.quota or QUOTA,
    attempt_timeout = known.attempt_timeout,
    holds = known.holds,
    answer = known.answer,
  }
end

--- Carry out a call that is right.
---@param self fnf.Client
---@param params table
---@param options table
---@param action string
---@return table|nil
---@return fnf.Error|nil
function unlisted.run(self, params, options, action)
  local result, err = self:perform(row_of(action, params, options), params, options)
  return result, err
end

return unlisted
