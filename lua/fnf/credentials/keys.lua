--- Keys that stand where they were written: given by the caller, in a profile, or in the environment.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local input = require "fnf.credentials.input"
local parse = require "fnf.credentials.parse"
local provider = require "fnf.credentials.provider"

local keys = {}

--- Where each value stands.
keys.variables = {
  access_key_id = "ALIBABA_CLOUD_ACCESS_KEY_ID",
  access_key_secret = "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
  security_token = "ALIBABA_CLOUD_SECURITY_TOKEN",
}

--- Credentials of the environment, or which of its variables are missing.
---@param context fnf.CallContext
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function keys.from_environment(context)
  local found, missing = {}, {}
  for field, name in pairs(keys.variables) do
    found[field] = input.variable(context, name)
  end
  for _, field in ipairs { "access_key_id", "access_key_secret" } do
    missing[#missing + 1] = not found[field] and keys.variables[field] or nil
  end
  if missing[1] then
    local hint = context.environment_hint and "; " .. context.environment_hint(missing) or ""
    return nil, errors.credentials(("%s %s not set"):format(table.concat(missing, " and "),
      missing[2] and "are" or "is") .. hint)
  end
  return parse.new(found, "env", keys.variables)
end

--- Credentials of given values.
---@param fields { access_key_id: string, access_key_secret: string, security_token?: string }
---@param names? table<string, string> what each is called where it is from
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function keys.new(fields, names)
  return parse.new(fields, fields.security_token and "static_sts" or "static_ak", names)
end

--- Credentials of a profile; what it leaves empty comes from the environment (CREDENTIALS.md section 2).
---@param context fnf.CallContext
---@param profile table
---@param names table<string, string> our field to the profile's
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function keys.of_profile(context, profile, names)
  local fields = {}
  for field, name in pairs(names) do
    local value = profile[name]
    if value == "" then
      value = nil
    end
    fields[field] = value or input.variable(context, keys.variables[field])
  end
  if names.security_token and not fields.security_token then
    fields.security_token = "" -- which is then complained of
  end
  return keys.new(fields, names)
end

--- A provider of credentials that are what they are.
---@param found fnf.Credentials
---@return fnf.CredentialsProvider
function keys.provider(found)
  return provider.new({ name = found.source, fixed = true, fetch = function()
    return found
  end }, found)
end

return keys
