--- Keys for a user who signed in to CloudSSO with the vendor's CLI.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local exchange = require "fnf.credentials.exchange"
local json = require "fnf.json"
local record = require "fnf.credentials.parse"

local cloud_sso = {}

---@param context fnf.CallContext
---@param profile table of the CLI's configuration
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function cloud_sso.fetch(context, profile)
  local sign_in = profile.cloud_sso_sign_in_url
  local problem = exchange.validate(sign_in)
  if problem then
    return nil, errors.credentials("cloud_sso_sign_in_url " .. problem)
  elseif record.validate(profile.access_token)
    or (tonumber(profile.cloud_sso_access_token_expire) or 0) <= context.time() then
    return nil, errors.credentials("the CloudSSO sign-in is over: sign in again with the CLI")
  end
  local body, err = exchange.ask(context, {
    method = "POST", url = exchange.origin(sign_in) .. "/cloud-credentials",
    headers = { authorization = "Bearer " .. profile.access_token, accept = "application/json",
      ["content-type"] = "application/json" },
    body = json.encode { AccountId = profile.cloud_sso_account_id,
      AccessConfigurationId = profile.cloud_sso_access_config },
  }, "CloudSSO")
  if not body then
    return nil, err
  end
  return record.temporary((record.object(body) or {}).CloudCredential, record.spellings.service, "cloud_sso")
end

return cloud_sso
