--- A role assumed with an OpenID Connect token out of a file (STS AssumeRoleWithOIDC): pods with a service account.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local file = require "fnf.credentials.file"
local record = require "fnf.credentials.parse"
local sts = require "fnf.credentials.sts"
local variables = require "fnf.credentials.variables"

local oidc = {}

local NEEDED = { "ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE" }

--- Why the environment does not ask for this source, or nil (CREDENTIALS.md section 1).
---@param context fnf.CallContext
---@return string|nil
function oidc.skip(context)
  for _, name in ipairs(NEEDED) do
    if not variables.get(context, name) then
      return name .. " is not set"
    end
  end
end

--- The token, read anew each time: it is replaced in its file before it ends.
local function read_token(context, path)
  local text, err = file.read(context, path, "the OIDC token")
  if not text then
    return nil, err --[[@as fnf.Error]]
  end
  local token = text:match("^%s*(.-)%s*$")
  local problem = record.validate(token)
  if problem then
    return nil, errors.credentials(("the OIDC token in %s %s"):format(path, problem))
  end
  return token
end

---@param context fnf.CallContext
---@param settings fnf.RoleSettings|{ provider_arn?: string, token_file?: string } else the environment's
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function oidc.fetch(context, settings)
  local provider = settings.provider_arn or variables.get(context, "ALIBABA_CLOUD_OIDC_PROVIDER_ARN")
  local path = settings.token_file or variables.get(context, "ALIBABA_CLOUD_OIDC_TOKEN_FILE")
  if not provider or not path then
    return nil, errors.credentials(("%s is neither given nor set"):format(not provider and NEEDED[2] or NEEDED[3]))
  elseif record.validate(provider) then
    return nil, errors.credentials("the OIDC provider's ARN " .. record.validate(provider))
  end
  local params, err = sts.parameters(context, settings)
  if not params then
    return nil, err
  end
  params.OIDCProviderArn = provider
  params.OIDCToken, err = read_token(context, path)
  if not params.OIDCToken then
    return nil, err
  end
  local found
  found, err = sts.ask(context, sts.operations.assume_role_with_oidc, params, settings)
  if found then
    found.source = "oidc_role_arn"
  end
  return found, err
end

return oidc
