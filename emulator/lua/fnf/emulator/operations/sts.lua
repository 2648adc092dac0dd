--- AssumeRole and AssumeRoleWithOIDC of the security token service, which every emulator plays besides CloudFlow.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.emulator.errors"
local identity = require "fnf.emulator.identity"

local VERSION = "2015-04-01"

local function field(name, required)
  return { name = name, place = "form", type = "string", required = required }
end

local duration = { name = "DurationSeconds", place = "form", type = "integer", minimum = 900, maximum = 43200 }

-- The texts are ours: which codes STS has for these is not on the pages at hand.
local function check(values)
  if not values.RoleArn:find "^acs:ram::%d+:role/." then
    return errors.refuse("InvalidArgument", "RoleArn is no ARN of a role.")
  end
  local session = values.RoleSessionName
  if #session < 2 or #session > 64 or not session:find "^[%w.@_-]+$" then
    return errors.refuse("InvalidArgument", "RoleSessionName must be 2 to 64 of letters, digits, . @ - _")
  end
end

local function answer(values)
  local refusal = check(values)
  if refusal then
    return nil, refusal
  end
  return {
    AssumedRoleUser = { Arn = values.RoleArn:gsub(":role/", ":assumed-role/") .. "/" .. values.RoleSessionName,
      AssumedRoleId = "3000000000000000:" .. values.RoleSessionName },
    Credentials = identity.issue(values.DurationSeconds),
  }
end

local function answer_oidc(values)
  local accepted = identity.state().oidc_token
  if accepted and values.OIDCToken ~= accepted then
    return nil, errors.refuse "AccessDenied"
  end
  return answer(values)
end

return {
  AssumeRole = {
    method = "POST", version = VERSION, carry_out = answer,
    parameters = { field("RoleArn", true), field("RoleSessionName", true), duration, field "Policy",
      field "ExternalId" },
  },
  AssumeRoleWithOIDC = {
    method = "POST", version = VERSION, carry_out = answer_oidc, unsigned = true,
    parameters = { field("RoleArn", true), field("OIDCProviderArn", true), field("OIDCToken", true),
      field("RoleSessionName", true), duration, field "Policy" },
  },
}
