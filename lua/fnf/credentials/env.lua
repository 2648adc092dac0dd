--- Keys from the environment.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local record = require "fnf.credentials.parse"
local variables = require "fnf.credentials.variables"

local env = {}

--- Where each value stands.
env.names = {
  access_key_id = "ALIBABA_CLOUD_ACCESS_KEY_ID",
  access_key_secret = "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
  security_token = "ALIBABA_CLOUD_SECURITY_TOKEN",
}

---@param context fnf.CallContext
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function env.fetch(context)
  local found, missing = {}, {}
  for field, name in pairs(env.names) do
    found[field] = variables.get(context, name)
  end
  for _, field in ipairs { "access_key_id", "access_key_secret" } do
    missing[#missing + 1] = not found[field] and env.names[field] or nil
  end
  if missing[1] then
    return nil, errors.credentials(("%s %s not set"):format(table.concat(missing, " and "),
      missing[2] and "are" or "is"))
  end
  return record.new(found, "env", env.names)
end

return env
