--- What a source found, checked: an id, a secret, perhaps a token and an end, and where they are from.
-- SPDX-License-Identifier: MIT

local check = require "fnf.check"
local errors = require "fnf.errors"
local json = require "fnf.json"
local time = require "fnf.time"

local parse = {}

---@class fnf.Credentials
---@field access_key_id string
---@field access_key_secret string
---@field security_token? string
---@field expires? number seconds since 1970; nil: never
---@field single_use? boolean they are to be asked for anew each time
---@field passed_over? { name: string, err: fnf.Error }[] sources of the default chain that gave none before
---@field source? string names joined by "/", such as "default/env" (CREDENTIALS.md)

local FIELDS = { "access_key_id", "access_key_secret", "security_token" }

--- The same three and their end, as the different sources spell them.
parse.spellings = {
  service = { "AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration" },
  oauth = { "accessKeyId", "accessKeySecret", "securityToken", "expiration" },
  cli = { "access_key_id", "access_key_secret", "sts_token", "expiration" },
}

--- What is wrong with a word that will stand in a header or URL, or nil. Never shows the word.
---@param value any
---@return string|nil
function parse.validate(value)
  if value == nil then
    return "is missing"
  end
  return check.types.secret(value, {})
end

--- A text without the blanks around it. Linear, unlike a pattern that looks for the last blanks from every place.
---@param text string
---@return string
function parse.trim(text)
  local first = text:find("%S")
  return first and text:sub(first, -(text:reverse():find("%S"))) or ""
end

--- A text without the mark that some editors put before UTF-8.
---@param text string
---@return string
function parse.skip_mark(text)
  return text:sub(1, 3) == "\239\187\191" and text:sub(4) or text
end

--- Credentials of given fields.
---@param fields table as fnf.Credentials; `names` may say what each is called where it is from
---@param source string
---@param names? table<string, string>
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function parse.new(fields, source, names)
  local expires = fields.expires
  if expires ~= nil and (type(expires) ~= "number" or expires ~= expires) then
    return nil, errors.credentials("expires must be a number of seconds since 1970")
  end
  local made = { source = source, expires = expires, single_use = fields.single_use }
  for _, field in ipairs(FIELDS) do
    local value = fields[field]
    local problem = (value ~= nil or field ~= "security_token") and parse.validate(value)
    if problem then
      return nil, errors.credentials(("%s %s"):format(names and names[field] or field, problem))
    end
    made[field] = value
  end
  return made
end

--- The object in a JSON text of at most 64 KiB.
---@param text string
---@return table|nil
function parse.object(text)
  text = parse.skip_mark(text)
  local object = #text <= 64 * 1024 and text:find("^%s*{") and json.decode(text)
  return type(object) == "table" and object or nil
end

--- Temporary credentials out of an answer: all three values and the end are there, or it is refused.
---@param object any
---@param spelling string[]
---@param source string
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function parse.temporary(object, spelling, source)
  object = type(object) == "table" and object or {}
  local fields, names = { expires = time.from_rfc3339(object[spelling[4]]) }, {}
  for index, field in ipairs(FIELDS) do
    fields[field], names[field] = object[spelling[index]] or "", "the answer's " .. spelling[index]
  end
  if not fields.expires then
    return nil, errors.credentials(("the answer's %s is no time"):format(spelling[4]))
  end
  return parse.new(fields, source, names)
end

return parse
