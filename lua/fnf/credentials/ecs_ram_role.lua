--- The role of the ECS instance this runs on, from its metadata service: by token (v2), without only if allowed (v1).
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local input = require "fnf.credentials.input"
local parse = require "fnf.credentials.parse"

local ecs_ram_role = {}

local HOST = "http://100.100.100.200"
local ROLES = "/latest/meta-data/ram/security-credentials/"
local TOKEN_LIFE = "21600" -- seconds, the most there is; the token is fetched for each use
local TIMEOUT = 1 -- seconds to connect, and as many to read (CREDENTIALS.md section 5)

--- Why the environment leaves this source out, or nil.
---@param context fnf.CallContext
---@return string|nil
function ecs_ram_role.skip(context)
  if input.is_true(context, "ALIBABA_CLOUD_ECS_METADATA_DISABLED") then
    return "ALIBABA_CLOUD_ECS_METADATA_DISABLED is true"
  end
end

local function ask(context, host, request)
  request.url = host .. request.url
  request.timeout, request.connect_timeout, request.direct = 2 * TIMEOUT, TIMEOUT, true
  return input.ask(context, request, "the ECS metadata service")
end

local function fetch_token(context, host)
  local body, err = ask(context, host, { method = "PUT", url = "/latest/api/token", body = "",
    headers = { ["x-aliyun-ecs-metadata-token-ttl-seconds"] = TOKEN_LIFE } })
  if body and parse.validate(body) then
    return nil, errors.credentials("the metadata token " .. parse.validate(body))
  end
  return body, err
end

--- The body of a path: with the token if there is one, and once without if that fails and may be.
local function get(context, session, path)
  local headers = session.token and { ["x-aliyun-ecs-metadata-token"] = session.token } or nil
  local body, err = ask(context, session.host, { method = "GET", url = path, headers = headers })
  if not body and session.token and session.plain_allowed and not errors.is_own(err) then
    session.token = nil
    return get(context, session, path)
  end
  return body, err
end

local function find_role(context, session, settings)
  local role, err = settings.role_name or input.variable(context, "ALIBABA_CLOUD_ECS_METADATA"), nil
  if not role then
    role, err = get(context, session, ROLES)
  end
  role = role and role:match("^%s*(.-)%s*$")
  if role and not role:find("^[%w._@-]+$") then
    return nil, errors.credentials("the name of the instance's role is no role name")
  end
  return role, err
end

---@param context fnf.CallContext
---@param settings { role_name?: string, token_only?: boolean, endpoint?: string }
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function ecs_ram_role.fetch(context, settings)
  local reason = ecs_ram_role.skip(context)
  if reason then
    return nil, errors.credentials(reason)
  end
  local session = { host = settings.endpoint or HOST,
    plain_allowed = not settings.token_only and not input.is_true(context, "ALIBABA_CLOUD_IMDSV1_DISABLED") }
  local err, role, body
  session.token, err = fetch_token(context, session.host)
  if not session.token and (not session.plain_allowed or errors.is_own(err)) then
    return nil, err
  end
  role, err = find_role(context, session, settings)
  if not role then
    return nil, err
  end
  body, err = get(context, session, ROLES .. role)
  if not body then
    return nil, err
  end
  local object = parse.object(body)
  if not object or object.Code ~= "Success" then
    return nil, errors.credentials("the ECS metadata service answered without success for the role " .. role)
  end
  return parse.temporary(object, parse.spellings.service, "ecs_ram_role")
end

return ecs_ram_role
