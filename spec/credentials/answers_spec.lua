-- Whatever answers a source of keys, nothing raises: a call ends with a result or with an error that shows no secret.
-- SPDX-License-Identifier: MIT
local fake_sources = require "spec.support.fake_sources"
local credentials = require "fnf.credentials"
local json = require "fnf.json"
local source_rows = require "spec.support.source_rows"

local ROLE, KEYS, TOKEN, ROLES = source_rows.ROLE, source_rows.KEYS, source_rows.TOKEN, source_rows.ROLES
local DRAWS = 500 -- for each source

local CONFIG = source_rows.config(
  source_rows.profile("OAuth", { name = "oauth", oauth_site_type = "CN", oauth_refresh_token = fake_sources.mark,
    oauth_access_token = fake_sources.mark }),
  source_rows.profile("CloudSSO", { name = "sso", cloud_sso_sign_in_url = "https://signin.example.com/x",
    access_token = fake_sources.mark, cloud_sso_access_token_expire = 1800000000 }),
  source_rows.profile("RamRoleArn", KEYS, { name = "ram", ram_role_arn = ROLE }))

local function key()
  return credentials.static { access_key_id = "id", access_key_secret = fake_sources.mark .. "-of-the-key" }
end

-- source, and how it is made
local SOURCES = {
  { "AssumeRole", function() return credentials.assume_role { role_arn = ROLE, source = key() } end },
  { "AssumeRoleWithOIDC", credentials.oidc },
  { "metadata", credentials.ecs_ram_role },
  { "a URI", function() return credentials.uri { uri = "https://keys.example.com/" } end },
  { "OAuth", function() return credentials.profile "oauth" end },
  { "CloudSSO", function() return credentials.profile "sso" end },
  { "RamRoleArn", function() return credentials.profile "ram" end },
}

--- A generator of its own, the same in every Lua.
local function new_random(seed)
  return function(limit)
    seed = (seed * 16807) % 2147483647
    return seed % limit + 1
  end
end

local STATUSES = { 200, 200, 200, 200, 201, 204, 301, 400, 403, 404, 408, 429, 500, 503, 599 }
local SECRET = fake_sources.mark .. "-value"
local VALUES = { "Success", "Failed", "SignatureDoesNotMatch", "SignatureNotMatch", "InvalidSecurityToken.Expired",
  "InvalidTimeStamp.Expired", "Throttling", "", " ", "a\nb", "\0", SECRET, "2099-01-01T00:00:00Z",
  "2026-13-45T99:99:99Z", "nan", "inf", "1e400", "string to sign is:GET&%2F&x", 0, -1, 1.5, 1e300, true, false,
  {}, { 1 }, { Code = "x" }, { AccessKeyId = "id", AccessKeySecret = SECRET, SecurityToken = SECRET,
    Expiration = "2099-01-01T00:00:00Z" } }
local FIELDS = { "Code", "Message", "code", "message", "RequestId", "Credentials", "CloudCredential", "AccessKeyId",
  "AccessKeySecret", "SecurityToken", "Expiration", "accessKeyId", "accessKeySecret", "securityToken", "expiration",
  "access_token", "refresh_token", "expires_in" }
--- What an error tells of an answer; the service does not put a key there that was never sent.
local TOLD = { Code = true, code = true, Message = true, message = true, RequestId = true }
local BODIES = { "", "null", "5", "true", '"text"', "[]", "[{}]", "{}", "{", "<html>", "\239\187\191{}", "{}\0",
  "\255\254",
  '{"Credentials":null}', '{"Credentials":[]}', '{"Code":null}', ("["):rep(100), "role-name", "../x", "a b" }

local function draw(random)
  local body = BODIES[random(#BODIES)]
  if random(4) > 1 then
    local object = {}
    for _ = 1, random(8) do
      local field, value = FIELDS[random(#FIELDS)], VALUES[random(#VALUES)]
      object[field] = not (TOLD[field] and value == SECRET) and value or nil
    end
    body = json.encode(object)
  end
  return { status = STATUSES[random(#STATUSES)], body = body }
end

describe("12.17: no answer raises:", function()
  for index, source in ipairs(SOURCES) do
    it(source[1], function()
      local random = new_random(index)
      local files = source_rows.merge(CONFIG, { token = fake_sources.mark .. "-pod" })
      local place = fake_sources.new { env = source_rows.OIDC, files = files }
      setmetatable(place.answers, { __index = function(_, what)
        if not what:find("fnf.aliyuncs.com", 1, true) then
          -- Metadata is asked three times; let it come to the last more often.
          local simple = random(2) == 1 and ({ [TOKEN] = "token", [ROLES] = "role-name" })[what]
          return simple or draw(random)
        end
      end })
      for _ = 1, DRAWS do
        local client = place:client { credentials = source[2](), max_attempts = 2 }
        local done, run, err = pcall(client.describe_map_run, client, fake_sources.names)
        assert.is_true(done, tostring(run))
        assert.is_true(run ~= nil or err.kind == "credentials", err and tostring(err))
        assert.is_nil(tostring(err):find(fake_sources.mark, 1, true), tostring(err))
      end
      assert.is_nil(place:printed():find(fake_sources.mark, 1, true))
      place:close()
    end)
  end
end)
