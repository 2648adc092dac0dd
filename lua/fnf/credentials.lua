--- Where a client's key comes from: given by the caller, or found in the environment.
-- SPDX-License-Identifier: MIT

local check = require "fnf.check"
local errors = require "fnf.errors"

local credentials = {}

---@class fnf.Credentials
---@field access_key_id string
---@field access_key_secret string
---@field security_token? string

---@alias fnf.Provider fun(platform: fnf.Platform): fnf.Credentials|nil, fnf.Error|nil

--- Keys that were given.
---@param given fnf.Credentials
---@return fnf.Provider
function credentials.static(given)
  local kept = { access_key_id = given.access_key_id, access_key_secret = given.access_key_secret,
    security_token = given.security_token }
  return function()
    return kept
  end
end

local VARIABLES = {
  access_key_id = "ALIBABA_CLOUD_ACCESS_KEY_ID",
  access_key_secret = "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
  security_token = "ALIBABA_CLOUD_SECURITY_TOKEN",
}

local function refuse(message)
  return nil, errors.new { kind = "credentials", message = message }
end

--- Keys from the environment, read at first use. An empty variable is an unset one (CREDENTIALS.md section 2).
---@return fnf.Provider
function credentials.env()
  local kept
  return function(platform)
    if kept then
      return kept
    end
    local found = {}
    for field, variable in pairs(VARIABLES) do
      local value = platform.getenv(variable)
      local complaint = value and value ~= "" and check.types.name(value, {})
      if complaint then
        return refuse(("%s %s"):format(variable, complaint))
      end
      found[field] = value ~= "" and value or nil
    end
    if not found.access_key_id or not found.access_key_secret then
      return refuse(("no access key: set %s and %s, or give access_key_id and access_key_secret to fnf.new"):format(
        VARIABLES.access_key_id, VARIABLES.access_key_secret))
    end
    kept = found
    return kept
  end
end

return credentials
