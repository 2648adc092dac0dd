--- A request as nginx hands it over, in pairs that keep their order; and the parameters of its operation, checked.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.emulator.errors"
local json = require "fnf.emulator.json"
local timestamp = require "fnf.emulator.timestamp"

local request = {}

local function plain(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

--- Every pair of the text in its order, repeated names included, since all of them are signed.
---@param text? string
---@return string[] pairs name, value, name, value, ...
---@return table<string, string> first the first value of each name
function request.parse(text)
  local pairs_, first = {}, {}
  for piece in (text or ""):gmatch "[^&]+" do
    local name, value = piece:match "^([^=]*)=?(.*)$"
    name, value = plain(name), plain(value)
    pairs_[#pairs_ + 1], pairs_[#pairs_ + 2] = name, value
    if first[name] == nil then
      first[name] = value
    end
  end
  return pairs_, first
end

---@class fnf.emulator.Request
---@field method string
---@field path string
---@field query_pairs string[] name, value, name, value, ... as signed
---@field query table<string, string> the first value of each name
---@field form_pairs string[] empty unless the body is a form
---@field form table<string, string>
---@field header_pairs string[]
---@field header table<string, string> by lower-case name, the first of each
---@field body string
---@field size integer bytes of query and body
---@field host string

local function headers()
  local list, first = {}, {}
  for name, value in pairs(ngx.req.get_headers(0)) do
    for _, text in ipairs(type(value) == "table" and value or { value }) do
      list[#list + 1], list[#list + 2] = name, text
      first[name] = first[name] or text
    end
  end
  return list, first
end

local LOCAL_NAMES = { ["127.0.0.1"] = true, localhost = true, ["[::1]"] = true }

--- Does this Host name the machine itself? Another one is that of a page whose name was made to lead here.
---@param host string|nil
---@return boolean
function request.is_local(host)
  local name = (host or ""):lower():gsub(":%d+$", "")
  return LOCAL_NAMES[name] or false
end

--- Reads the request that this phase serves.
---@return fnf.emulator.Request
function request.read()
  ngx.req.read_body()
  local body = ngx.req.get_body_data() or ""
  local header_pairs, header = headers()
  local is_form = (header["content-type"] or ""):lower():find "^application/x%-www%-form%-urlencoded"
  local query_pairs, query = request.parse(ngx.var.args)
  local form_pairs, fields = request.parse(is_form and body or nil)
  return {
    method = ngx.var.request_method, path = ngx.var.uri, host = header.host or "",
    query_pairs = query_pairs, query = query, form_pairs = form_pairs, form = fields,
    header_pairs = header_pairs, header = header,
    body = body, size = #(ngx.var.args or "") + #body,
  }
end

---@class fnf.emulator.Parameter
---@field name string
---@field place? "query"|"form" the query of a GET and the form of a POST unless given
---@field former? "query"|"form" where older clients put it
---@field type "string"|"name"|"integer"|"number"|"boolean"|"time"|"json"|"object"
---@field required? boolean
---@field minimum? number
---@field maximum? number
---@field characters? integer[] fewest and most
---@field values? string[] the only ones
---@field default? any

-- Characters of UTF-8, so continuation bytes are not counted.
local function length(text)
  return select(2, text:gsub("[^\128-\191]", ""))
end

local function is_one_of(text, values)
  for _, value in ipairs(values) do
    if text == value then
      return true
    end
  end
  return false
end

local function string(text, parameter)
  local bounds, values = parameter.characters, parameter.values
  if bounds and (length(text) < bounds[1] or length(text) > bounds[2]) then
    return nil, ("%s must have %d to %d characters."):format(parameter.name, bounds[1], bounds[2])
  end
  if values and not is_one_of(text, values) then
    return nil, ("%s must be one of %s."):format(parameter.name, table.concat(values, ", "))
  end
  return text
end

-- The documented rule for what is created; names that only refer to something need no check, they exist or do not.
local function name(text, parameter)
  if #text > 128 or not text:find "^[A-Za-z_][A-Za-z0-9_-]*$" then
    return nil, parameter.name .. " must be 1 to 128 letters, digits, _ and -, and begin with a letter or _."
  end
  return text
end

-- Larger ones are no longer exact, nor can JSON say all of them.
local EXACT = 2 ^ 53

local function numeric(wanted, valid)
  return function(text, parameter)
    local value = text:find(valid) and tonumber(text)
    if value and math.abs(value) > EXACT then
      value = nil
    end
    local low, high = parameter.minimum or -math.huge, parameter.maximum or math.huge
    if not value then
      return nil, ("%s must be %s."):format(parameter.name, wanted)
    end
    if value < low then
      return nil, ("%s must be at least %g."):format(parameter.name, low)
    end
    if value > high then
      return nil, ("%s must be at most %g."):format(parameter.name, high)
    end
    return value
  end
end

local function boolean(text, parameter)
  if text ~= "true" and text ~= "false" then
    return nil, parameter.name .. " must be true or false."
  end
  return text == "true"
end

local function moment(text, parameter)
  local seconds = timestamp.from_rfc3339(text)
  if not seconds then
    return nil, parameter.name .. " must be a time of RFC 3339."
  end
  return seconds
end

-- JSON in a text stays a text.
local function json_text(text, parameter)
  if not json.valid(text) then
    return nil, parameter.name .. " must be JSON."
  end
  return text
end

local function json_object(text, parameter)
  if not text:find "^%s*{" or not json.valid(text) then
    return nil, parameter.name .. " must be a JSON object."
  end
  return text
end

local readers = {
  string = string, name = name, boolean = boolean, time = moment, json = json_text, object = json_object,
  integer = numeric("an integer", "^%-?%d+$"),
  number = numeric("a number", "^%-?%d+%.?%d*$"),
}

--- A complete row: a text unless it says otherwise.
---@param row table
---@return fnf.emulator.Parameter
function request.complete(row)
  row.name = row.name or row[1]
  row.type = row.type or "string"
  return row
end

--- Where a parameter stands in a request of that method.
---@param parameter fnf.emulator.Parameter
---@param method string
---@return "query"|"form"
function request.place(parameter, method)
  return parameter.place or (method == "GET" and "query" or "form")
end

--- Reads every parameter of the row.
---@param row { parameters: fnf.emulator.Parameter[] }
---@param self fnf.emulator.Request
---@return table<string, any>? values
---@return fnf.emulator.Refusal? refusal
function request.values(row, self)
  local values = {}
  for _, parameter in ipairs(row.parameters) do
    local text = self[request.place(parameter, self.method)][parameter.name]
      or parameter.former and self[parameter.former][parameter.name]
    if parameter.required and (text or "") == "" then
      return nil, errors.refuse("MissingRequiredParams", parameter.name)
    end
    values[parameter.name] = parameter.default
    if text then
      local value, message = readers[parameter.type](text, parameter)
      if value == nil then
        return nil, errors.refuse("InvalidArgument", message)
      end
      values[parameter.name] = value
    end
  end
  return values
end

return request
