--- The security token service (STS, API 2015-04-01), as far as credentials need it: two rows, its hosts, its answer.
-- SPDX-License-Identifier: MIT

local endpoint = require "fnf.endpoint"
local errors = require "fnf.errors"
local exchange = require "fnf.credentials.exchange"
local record = require "fnf.credentials.parse"
local variables = require "fnf.credentials.variables"

local sts = {}

local VERSION = "2015-04-01"
local TIMEOUT = 15 -- seconds: 5 to connect, 10 to read (CREDENTIALS.md section 6)
local DURATION, LEAST_DURATION = 3600, 900 -- seconds

local NAME = { type = "name", required = true }
local JSON = { type = "json" }
local QUOTA = { burst = 100, rate = 100 } -- not documented on these pages; nothing waits here

---@type table<string, fnf.Operation>
sts.operations = {
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
  local address = settings.sts_endpoint or variables.get(context, "ALIBABA_CLOUD_STS_ENDPOINT")
  if not address then
    return nil
  end
  local found, problem = endpoint.of_address(address)
  problem = problem or exchange.validate(found.url)
  return found, problem and errors.credentials("the STS endpoint " .. problem)
end

--- Where STS is asked: an address, else by region, else the central host (section 6).
local function find_endpoint(context, settings)
  local found, err = named_endpoint(context, settings)
  if found or err then
    return not err and found or nil, err
  end
  local region = settings.sts_region or variables.get(context, "ALIBABA_CLOUD_STS_REGION")
  if not region then
    return endpoint.of_address("sts.aliyuncs.com")
  elseif not region:find("^%w[%w-]*$") then
    return nil, errors.credentials("the STS region must be a region id such as cn-hangzhou")
  end
  local vpc = settings.vpc or variables.is_true(context, "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED")
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
function sts.parameters(context, settings)
  local role = settings.role_arn or variables.get(context, "ALIBABA_CLOUD_ROLE_ARN")
  local session = settings.session_name or variables.get(context, "ALIBABA_CLOUD_ROLE_SESSION_NAME")
    or ("credentials-lua-%d"):format(math.floor(context.time()))
  local duration = settings.duration or DURATION
  if not role then
    return nil, errors.credentials("no role: its ARN is not given and ALIBABA_CLOUD_ROLE_ARN is not set")
  elseif record.validate(role) then
    return nil, errors.credentials("the role's ARN " .. record.validate(role))
  elseif #session < 2 or #session > 64 or not session:find("^[%w.@_-]+$") then
    return nil, errors.credentials("the role session name must be 2 to 64 of letters, digits, . @ - _")
  elseif duration < LEAST_DURATION then
    return nil, errors.credentials(("the duration of a role session must be at least %d s"):format(LEAST_DURATION))
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
function sts.ask(context, row, params, settings, signer)
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
    return nil, err.kind == "cancelled" and err or errors.credentials(tostring(err), err)
  end
  return record.temporary(answer.Credentials, record.spellings.service, "sts")
end

return sts
