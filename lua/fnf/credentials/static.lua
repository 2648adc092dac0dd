--- Keys that stand where they were written: given by the caller, or in a profile.
-- SPDX-License-Identifier: MIT

local env = require "fnf.credentials.env"
local record = require "fnf.credentials.parse"
local variables = require "fnf.credentials.variables"
local provider = require "fnf.credentials.provider"

local static = {}

--- Credentials of given values.
---@param fields { access_key_id: string, access_key_secret: string, security_token?: string }
---@param names? table<string, string> what each is called where it is from
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function static.new(fields, names)
  return record.new(fields, fields.security_token and "static_sts" or "static_ak", names)
end

--- Credentials of a profile; what it leaves empty comes from the environment (CREDENTIALS.md section 2).
---@param context fnf.CallContext
---@param profile table
---@param names table<string, string> our field to the profile's
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function static.of_profile(context, profile, names)
  local fields = {}
  for field, name in pairs(names) do
    local value = profile[name]
    if value == "" then
      value = nil
    end
    fields[field] = value or variables.get(context, env.names[field])
  end
  if names.security_token and not fields.security_token then
    fields.security_token = "" -- which is then complained of
  end
  return static.new(fields, names)
end

--- A provider of credentials that are what they are.
---@param found fnf.Credentials
---@return fnf.CredentialsProvider
function static.provider(found)
  return provider.new { name = found.source, fixed = true, fetch = function()
    return found
  end }
end

return static
