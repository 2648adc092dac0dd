--- A role assumed with another key (STS AssumeRole).
-- SPDX-License-Identifier: MIT

local sts = require "fnf.credentials.sts"

local assume_role = {}

---@param context fnf.CallContext
---@param settings fnf.RoleSettings
---@param signer fnf.CredentialsProvider whose key assumes the role
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function assume_role.fetch(context, settings, signer)
  local params, err = sts.parameters(context, settings)
  if not params then
    return nil, err
  end
  local key
  key, err = signer:get(context)
  if not key then
    return nil, err
  end
  params.ExternalId = settings.external_id
  local found
  found, err = sts.ask(context, sts.operations.assume_role, params, settings, signer)
  if found then
    found.source = "ram_role_arn/" .. key.source
  end
  return found, err
end

return assume_role
