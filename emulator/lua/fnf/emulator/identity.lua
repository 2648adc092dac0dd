--- Temporary keys: who issues them (STS, metadata service, credentials URI) and for how long.
-- SPDX-License-Identifier: MIT

local clock = require "fnf.emulator.clock"
local fields = require "fnf.emulator.fields"
local json = require "fnf.emulator.json"
local request = require "fnf.emulator.request"
local store = require "fnf.emulator.store"
local timestamp = require "fnf.emulator.timestamp"

local identity = {}

local KEPT = 1000 -- issued keys that are still known, so that an expired one is told from an unknown one

local modes = { both = true, v1 = true, v2 = true, none = true }

-- What can be set, and what it must be.
local rows = {
  life = fields.duration(),
  role = fields.custom(function(value)
    return fields.is_text(value) and value:find "^[%w._-]+$"
  end, "a role's name"),
  metadata = fields.one_of(modes, "both, v1, v2 or none"),
  oidc_token = fields.text(),
}

---@class fnf.emulator.Identity
---@field life number seconds that a key lives, unless the caller of STS asks for less
---@field role string of the instance
---@field metadata "both"|"v1"|"v2"|"none" ways in which the metadata service may be asked
---@field oidc_token? string the one that is accepted; any, if nil
---@field issued integer keys so far
---@field latest? string id of the last one
---@field tokens table<string, number> metadata tokens and their ends, wall time

---@return fnf.emulator.Identity
function identity.new()
  return { life = 3600, role = "emulator-role", metadata = "both", issued = 0, tokens = {} }
end

--- The state at hand; it is made at first use, so that a reset forgets it.
---@return fnf.emulator.Identity
function identity.state()
  store.identity = store.identity or identity.new()
  return store.identity
end

--- Changes the settings; none is changed if one is wrong.
---@param changes table<string, any>
---@return true? done
---@return string? problem
function identity.change(changes)
  local problem = fields.validate(changes, rows)
  if problem then
    return nil, problem
  end
  for name, value in pairs(changes) do
    identity.state()[name] = value
  end
  return true
end

--- What a test may know: counts and settings, no secret.
---@return table
function identity.shown()
  local self = identity.state()
  return { life = self.life, role = self.role, metadata = self.metadata, issued = self.issued, latest = self.latest }
end

--- The service's time of day.
---@return number
function identity.now()
  return clock.service(store.clock, ngx.now())
end

--- Issues a key.
---@param life? number seconds asked for
---@return { AccessKeyId: string, AccessKeySecret: string, SecurityToken: string, Expiration: string }
function identity.issue(life)
  local self = identity.state()
  self.issued = self.issued + 1
  local serial = ("%08d"):format(self.issued)
  -- Expiration is told in whole seconds; the key must not end before it.
  local expires = math.ceil(identity.now() + math.min(life or self.life, self.life))
  local key = { id = "STS." .. serial, secret = "issued-secret-" .. serial, token = "issued-token-" .. serial,
    expires = expires }
  store.keys[key.id], self.latest = key, key.id
  store.keys[("STS.%08d"):format(self.issued - KEPT)] = nil
  return { AccessKeyId = key.id, AccessKeySecret = key.secret, SecurityToken = key.token,
    Expiration = timestamp.utc(expires) }
end

local ROLES = "/latest/meta-data/ram/security-credentials/"
local LONGEST = 21600 -- seconds that a token may live

local function token(state)
  local life = tonumber(ngx.req.get_headers()["x-aliyun-ecs-metadata-token-ttl-seconds"])
  if state.metadata == "v1" then
    return 404, ""
  end
  if not life or life < 1 or life > LONGEST then
    return 400, ""
  end
  state.serial = (state.serial or 0) + 1
  local made = ("metadata-token-%d"):format(state.serial)
  -- Each use fetches one; only the latest few are worth knowing.
  state.tokens[made] = identity.now() + life
  state.tokens[("metadata-token-%d"):format(state.serial - 100)] = nil
  return 200, made
end

local function is_allowed(state)
  local given = ngx.req.get_headers()["x-aliyun-ecs-metadata-token"]
  if not given then
    return state.metadata ~= "v2"
  end
  return state.metadata ~= "v1" and (state.tokens[given] or 0) > identity.now()
end

local function role_key(state, name)
  if name == "" then
    return 200, state.role .. "\n"
  end
  if name ~= state.role then
    return 404, ""
  end
  local object = identity.issue()
  object.Code, object.LastUpdated = "Success", "2017-10-31T23:20:01Z"
  return 200, json.encode(object)
end

local function answer(state)
  local method, path = ngx.req.get_method(), ngx.var.uri
  if state.metadata == "none" then
    return 404, ""
  end
  if path == "/latest/api/token" then
    if method ~= "PUT" then
      return 405, ""
    end
    return token(state)
  end
  if method ~= "GET" or path:sub(1, #ROLES) ~= ROLES then
    return 404, ""
  end
  if not is_allowed(state) then
    return 403, ""
  end
  return role_key(state, path:sub(#ROLES + 1))
end

--- Serves one request under /latest/.
function identity.serve()
  local status, body = 403, ""
  if request.is_local(ngx.var.http_host) then
    status, body = answer(identity.state())
  end
  ngx.status = status
  ngx.header["Content-Type"] = "text/plain"
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

return identity
