--- The security token service (STS, API 2015-04-01): a role assumed, with a key or with an OIDC token.
-- SPDX-License-Identifier: MIT

local endpoint = require "fnf.endpoint"
local errors = require "fnf.errors"
local input = require "fnf.credentials.input"
local parse = require "fnf.credentials.parse"

local sts = {}

local VERSION = "2015-04-01"
local TIMEOUT = 15 -- seconds: 5 to connect, 10 to read (CREDENTIALS.md section 6)
local DURATION, LEAST_DURATION = 3600, 900 -- seconds

local NAME = { type = "name", required = true }
local JSON = { type = "json" }
local QUOTA = { burst = 100, rate = 100 } -- not documented on these pages; nothing waits here

---@type table<string, fnf.Operation>
local operations = {
  assume_role = {
    action = "AssumeRole", method = "POST", repeatable = true, quota = QUOTA,
    parameters = { RoleArn = NAME, RoleSessionName = NAME, DurationSeconds = { type = "integer" }, Policy = JSON,
      ExternalId = { type = "name" } },
  },
  assume_role_with_oidc = {
    action = "AssumeRoleWithOIDC", method = "POST", repeatable = true, quota = QUOTA,
    parameters = { RoleArn = NAME, OIDCProviderArn = NAME, OIDCToken = NAME, RoleSessionName = NAME,
      DurationSeconds = { type = "integer" }, Policy = JSON },
  },
}

--- The address named by settings or environment, https or this machine's; the CLI's variable.
local function named_endpoint(context, settings)
  local address = settings.sts_endpoint or input.variable(context, "ALIBABA_CLOUD_STS_ENDPOINT")
  if not address then
    return nil
  end
  local found, problem = endpoint.of_address(address)
  problem = problem or input.validate_url(found.url)
  return found, problem and errors.credentials("the STS endpoint " .. problem)
end

--- Where STS is asked: an address, else by region, else the central host (section 6).
local function find_endpoint(context, settings)
  local found, err = named_endpoint(context, settings)
  if found or err then
    return not err and found or nil, err
  end
  local region = settings.sts_region or input.variable(context, "ALIBABA_CLOUD_STS_REGION")
  if not region then
    return endpoint.of_address("sts.aliyuncs.com")
  elseif not region:find("^%w[%w-]*$") then
    return nil, errors.credentials("the STS region must be a region id such as cn-hangzhou")
  end
  local vpc = settings.vpc or input.is_true(context, "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED")
  return endpoint.of_address(("%s.%s.aliyuncs.com"):format(vpc and "sts-vpc" or "sts", region))
end

---@class fnf.RoleSettings
---@field role_arn? string
---@field session_name? string
---@field duration? number seconds, 900 at least
---@field policy? string|table JSON that narrows the role
---@field external_id? string
---@field sts_region? string
---@field vpc? boolean
---@field sts_endpoint? string

--- What both operations take, checked, from settings and environment.
---@param context fnf.CallContext
---@param settings fnf.RoleSettings
---@return table|nil parameters
---@return fnf.Error|nil
local function role_parameters(context, settings)
  local role = settings.role_arn or input.variable(context, "ALIBABA_CLOUD_ROLE_ARN")
  local session = settings.session_name or input.variable(context, "ALIBABA_CLOUD_ROLE_SESSION_NAME")
    or ("credentials-lua-%d"):format(math.floor(context.time()))
  local duration = settings.duration or DURATION
  if not role then
    return nil, errors.credentials("no role: its ARN is not given and ALIBABA_CLOUD_ROLE_ARN is not set")
  elseif parse.validate(role) then
    return nil, errors.credentials("the role's ARN " .. parse.validate(role))
  elseif #session < 2 or #session > 64 or not session:find("^[%w.@_-]+$") then
    return nil, errors.credentials("the role session name must be 2 to 64 of letters, digits, . @ - _")
  elseif duration < LEAST_DURATION then
    return nil, errors.credentials(("the duration of a role session must be at least %d s"):format(LEAST_DURATION))
  elseif duration % 1 ~= 0 then -- so is infinity
    return nil, errors.credentials("the duration of a role session must be whole seconds")
  end
  return { RoleArn = role, RoleSessionName = session, DurationSeconds = duration, Policy = settings.policy }
end

--- Ask STS for credentials.
---@param context fnf.CallContext
---@param row fnf.Operation
---@param params table
---@param settings fnf.RoleSettings where to ask
---@param signer? fnf.CredentialsProvider whose key signs; none: unsigned
---@return fnf.Credentials|nil
---@return fnf.Error|nil
local function ask(context, row, params, settings, signer)
  local address, err = find_endpoint(context, settings)
  if not address then
    return nil, err
  end
  local answer
  answer, err = context.call(row, params, {
    target = { endpoint = address, algorithm = signer and "HMAC-SHA1" or "none", version = VERSION },
    provider = signer,
  }, TIMEOUT)
  if not answer then
    return nil, errors.is_own(err) and err or errors.credentials(tostring(err), err)
  end
  return parse.temporary(answer.Credentials, parse.spellings.service, "sts")
end

--- A role assumed with another key.
sts.assume_role = {}

---@param context fnf.CallContext
---@param settings fnf.RoleSettings
---@param signer fnf.CredentialsProvider whose key assumes the role
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function sts.assume_role.fetch(context, settings, signer)
  local params, err = role_parameters(context, settings)
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
  found, err = ask(context, operations.assume_role, params, settings, signer)
  if found then
    found.source = "ram_role_arn/" .. key.source
  end
  return found, err
end

--- A role assumed with an OpenID Connect token out of a file: pods with a service account.
sts.oidc = {}

local NEEDED = { "ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE" }

--- Why the environment does not ask for this source, or nil (CREDENTIALS.md section 1).
---@param context fnf.CallContext
---@return string|nil
function sts.oidc.skip(context)
  for _, name in ipairs(NEEDED) do
    if not input.variable(context, name) then
      return name .. " is not set"
    end
  end
end

--- The token, read anew each time: it is replaced in its file before it ends.
local function read_token(context, path)
  local text, err = input.read(context, path, "the OIDC token")
  if not text then
    return nil, err --[[@as fnf.Error]]
  end
  local token = text:match("^%s*(.-)%s*$")
  local problem = parse.validate(token)
  if problem then
    return nil, errors.credentials(("the OIDC token in %s %s"):format(path, problem))
  end
  return token
end

---@param context fnf.CallContext
---@param settings fnf.RoleSettings|{ provider_arn?: string, token_file?: string } else the environment's
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function sts.oidc.fetch(context, settings)
  local provider = settings.provider_arn or input.variable(context, "ALIBABA_CLOUD_OIDC_PROVIDER_ARN")
  local path = settings.token_file or input.variable(context, "ALIBABA_CLOUD_OIDC_TOKEN_FILE")
  if not provider or not path then
    return nil, errors.credentials(("%s is neither given nor set"):format(not provider and NEEDED[2] or NEEDED[3]))
  elseif parse.validate(provider) then
    return nil, errors.credentials("the OIDC provider's ARN " .. parse.validate(provider))
  end
  local params, err = role_parameters(context, settings)
  if not params then
    return nil, err
  end
  params.OIDCProviderArn = provider
  params.OIDCToken, err = read_token(context, path)
  if not params.OIDCToken then
    return nil, err
  end
  local found
  found, err = ask(context, operations.assume_role_with_oidc, params, settings)
  if found then
    found.source = "oidc_role_arn"
  end
  return found, err
end

return sts
