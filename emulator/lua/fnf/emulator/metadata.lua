--- The metadata service of an ECS instance, as far as keys are concerned: /latest/api/token and the role's key.
-- SPDX-License-Identifier: MIT

local identity = require("fnf.emulator.identity")
local json = require("fnf.emulator.json")

local metadata = {}

local ROLES = "/latest/meta-data/ram/security-credentials/"
local LONGEST = 21600 -- seconds that a token may live

local function token(state)
  local life = tonumber(ngx.req.get_headers()["x-aliyun-ecs-metadata-token-ttl-seconds"])
  if state.metadata == "v1" then return 404, "" end
  if not life or life < 1 or life > LONGEST then return 400, "" end
  state.serial = (state.serial or 0) + 1
  local made = ("metadata-token-%d"):format(state.serial)
  -- Each use fetches one; only the latest few are worth knowing.
  state.tokens[made] = identity.now() + life
  state.tokens[("metadata-token-%d"):format(state.serial - 100)] = nil
  return 200, made
end

local function is_allowed(state)
  local given = ngx.req.get_headers()["x-aliyun-ecs-metadata-token"]
  if not given then return state.metadata ~= "v2" end
  return state.metadata ~= "v1" and (state.tokens[given] or 0) > identity.now()
end

local function role_key(state, name)
  if name == "" then return 200, state.role .. "\n" end
  if name ~= state.role then return 404, "" end
  local object = identity.issue()
  object.Code, object.LastUpdated = "Success", "2017-10-31T23:20:01Z"
  return 200, json.encode(object)
end

local function answer(state)
  local method, path = ngx.req.get_method(), ngx.var.uri
  if state.metadata == "none" then return 404, "" end
  if path == "/latest/api/token" then
    if method ~= "PUT" then return 405, "" end
    return token(state)
  end
  if method ~= "GET" or path:sub(1, #ROLES) ~= ROLES then return 404, "" end
  if not is_allowed(state) then return 403, "" end
  return role_key(state, path:sub(#ROLES + 1))
end

--- Serves one request under /latest/.
function metadata.serve()
  local status, body = answer(identity.state())
  ngx.status = status
  ngx.header["Content-Type"] = "text/plain"
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

return metadata
