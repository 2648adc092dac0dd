--- Temporary keys that the emulator issues: by STS, by the metadata service and by a credentials URI.
-- SPDX-License-Identifier: MIT

local clock = require("fnf.emulator.clock")
local store = require("fnf.emulator.store")
local timestamp = require("fnf.emulator.timestamp")

local identity = {}

local KEPT = 1000 -- issued keys that are still known, so that an expired one is told from an unknown one

local modes = { both = true, v1 = true, v2 = true, none = true }

-- What can be set, and what it must be.
local known = {
  life = { function(value) return type(value) == "number" and value > 0 end, "seconds, more than 0" },
  role = { function(value) return type(value) == "string" and value:find("^[%w._-]+$") ~= nil end, "a role's name" },
  metadata = { function(value) return modes[value] end, "both, v1, v2 or none" },
  oidc_token = { function(value) return type(value) == "string" end, "a string" },
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
---@return string? message
function identity.change(changes)
  for name, value in pairs(changes) do
    if not known[name] then return nil, ("unknown field '%s'"):format(tostring(name)) end
    if not known[name][1](value) then return nil, ("%s must be %s"):format(name, known[name][2]) end
  end
  for name, value in pairs(changes) do identity.state()[name] = value end
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
function identity.now() return clock.service(store.clock, ngx.now()) end

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

return identity
