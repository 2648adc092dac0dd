--- 12.17: whatever is answered, whoever asked, by whatever key: a table, or nil and an error object, and nothing
--- raises.
-- SPDX-License-Identifier: MIT

local credentials = require "fnf.credentials"
local errors = require "fnf.errors"
local fake_platform = require "spec.support.fake_platform"
local fnf = require "fnf"
local operations = require "fnf.operations"

local DRAWS = 10000
local SEED = 20261128

--- Numbers in [0, 1) that are the same in every Lua.
local function random_of(seed)
  return function()
    seed = (seed * 16807) % 2147483647
    return seed / 2147483647
  end
end

local function pick(random, list)
  return list[1 + math.floor(random() * #list)]
end

local STATUSES = { 200, 200, 200, 201, 204, 301, 400, 401, 403, 404, 407, 408, 409, 412, 415, 425, 429, 451, 500, 501,
  502,
  503, 504, 507, 599, 999, 0 }
local CODES = { "ResourceThrottled", "Throttling.User", "RequestTimeTooSkewed", "InvalidTimeStamp.Expired",
  "SignatureDoesNotMatch", "SignatureNotMatch", "SignatureNonceUsed", "InvalidSecurityToken.Expired", "AccessDenied",
  "ExecutionAlreadyExists", "PreconditionFailed", "FlowNotExists", "", "\255\254", ("x"):rep(100000), "a.b%d%s", "nil" }
local VALUES = { '""', "null", "true", "false", "0", "-1", "1.5", "1e308", "1e400", "-1e400", "9007199254740993",
  "12345678901234567890", "[]", "{}", "[null]", "[null,1]", "[[[[]]]]", '{"a":{"b":[1,2,{}]}}', '"\\u0000"',
  '"\\ud800"',
  '"Running"', '"Succeeded"', '"2026-02-31T99:99:99Z"', '"\255"', '"x"' }
local FIELDS = { "Status", "Name", "FlowName", "MapRunName", "ExecutionName", "RequestId", "StartedTime", "StoppedTime",
  "ItemCounts", "Concurrency", "ToleratedFailedCount", "ToleratedFailedPercentage", "NextToken", "Events", "Flows",
  "Executions", "Schedules", "Versions", "Aliases", "Regions", "Input", "Output", "Credentials", "AssumedRoleUser" }
local BODIES = { "", " ", "null", "[]", "{}", "{", "}", "<html>", "{}{}", '{"a":1}\0', "\0", ("["):rep(200), "NaN",
  '{"Code":"x"}', '{"Message":5,"Code":{}}', '{"ItemCounts":{"Total":-1,"Succeed":"x"},"Status":"Running"}' }
local HEADERS = { "date", "x-acs-retry-after", "retry-after", "x-ratelimit-user-api", "x-ratelimit-user",
  "content-encoding", "x-acs-request-id", "Content-Type" }
local HEADER_VALUES = { "", "0", "-1", "1", "300", "1e9", "nan", "inf", "Fri, 01 Jan 2100 00:00:00 GMT",
  "Mon, 21 Sep 2026 14:13:20 GMT", "Limit:1,Remain:0,TimeLeft:2000,Reset:1", "TimeLeft:", "gzip", "\255",
  ("9"):rep(400) }

local function object(random)
  local parts = random() < 0.7 and { '"RequestId":"r"', '"Status":"Running"' } or {}
  for _ = 1, math.floor(random() * 8) do
    parts[#parts + 1] = ('"%s":%s'):format(pick(random, FIELDS), pick(random, VALUES))
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function refusal(random)
  return ('{"%s":"%s","%s":"%s"}'):format(pick(random, { "Code", "code" }), pick(random, CODES),
    pick(random, { "Message", "message" }), pick(random, { "m", "string to sign is:GET&%2F&x",
    "server String to Sign is: " }))
end

local function answer(random)
  if random() < 0.1 then
    return { kind = pick(random, { "network", "timeout", "tls", "protocol" }), message = "broken",
      retryable = random() < 0.7, sent = random() < 0.5 }
  end
  local kind, headers = random(), {}
  local body
  if kind < 0.45 then
    body = object(random)
  elseif kind < 0.8 then
    body = refusal(random)
  else
    body = pick(random, BODIES)
  end
  for _ = 1, math.floor(random() * 3) do
    headers[pick(random, HEADERS)] = pick(random, HEADER_VALUES)
  end
  if random() < 0.5 then -- as a transport in C brings them
    local lines = {}
    for name, value in pairs(headers) do
      lines[#lines + 1] = name .. ": " .. value .. "\r\n"
    end
    table.sort(lines)
    headers = table.concat(lines)
  end
  return { status = random() < 0.5 and 200 or pick(random, STATUSES), headers = headers, body = body }
end

local SOURCES = {
  function() return nil end,
  function() return nil end,
  function()
    return credentials.assume_role { role_arn = "acs:ram::1:role/r",
      source = credentials.static { access_key_id = "id", access_key_secret = fake_platform.secret } }
  end,
  function()
    return credentials.oidc { role_arn = "acs:ram::1:role/r", provider_arn = "acs:ram::1:oidc-provider/p",
      token_file = "/token" }
  end,
  function() return credentials.uri { uri = "http://127.0.0.1/keys" } end,
  function() return credentials.ecs_ram_role { role_name = "r" } end,
}

local TEXTS = { json = '{"a":1}', boolean = true, integer = 1, list = '[]' }
local function parameters(row)
  local params = {}
  for name, rule in pairs(row.parameters) do
    if rule.required then
      params[name] = rule.values and rule.values[1] or name == "CronExpression" and "@every 60m"
        or name == "RoutingConfigurations" and '[{"Version":"1","Weight":100}]' or TEXTS[rule.type] or "name"
    end
  end
  return params
end

local NAMES = {}
for name in pairs(operations) do
  NAMES[#NAMES + 1] = name
end
table.sort(NAMES)

describe("any answer", function()
  it(("gives a table, or nil and an error object, in %d draws"):format(DRAWS), function()
    local random = random_of(SEED)
    local seen = { results = 0, errors = 0 }
    for draw = 1, DRAWS do
      local cloud = fake_platform.new { function() return answer(random) end }
      cloud.files["/token"] = "token"
      cloud.chance = random()
      local client = cloud:client { credentials = pick(random, SOURCES)(),
        signature = pick(random, { "HMAC-SHA1", "ACS3-HMAC-SHA256" }) }
      local name = pick(random, NAMES)
      local done, result, err = pcall(client[name], client, parameters(operations[name]), { timeout = 100 })
      assert.is_true(done, ("draw %d, %s: %s"):format(draw, name, tostring(result)))
      if result == nil then
        assert.is_true(errors.is(err), ("draw %d, %s: %s"):format(draw, name, tostring(err)))
        assert.is_nil(tostring(err):find("[%z\1-\31]"))
        assert.is_nil(tostring(err):find(fake_platform.secret, 1, true))
        seen.errors = seen.errors + 1
      else
        assert.equal("table", type(result))
        assert.is_string(require("fnf.json").encode(result))
        seen.results = seen.results + 1
      end
    end
    assert.is_true(seen.results > DRAWS / 20 and seen.errors > DRAWS / 2, seen.results .. " results")
  end)

  it("never ends a wait but by an end, an error or its deadline", function()
    local random = random_of(SEED + 1)
    for draw = 1, DRAWS / 50 do
      local cloud = fake_platform.new { function() return answer(random) end }
      local client = cloud:client()
      local done, run, err = pcall(client.wait_map_run, client, fake_platform.names,
        { timeout = 200, last_step = random() < 0.3, on_progress = function(_, progress)
          tostring(progress:report())
        end })
      assert.is_true(done, ("draw %d: %s"):format(draw, tostring(run)))
      assert.is_true(type(run) == "table" or errors.is(err), draw)
      assert.is_true(cloud.clock <= 1200.001, cloud.clock)
    end
  end)

  it("to the text of an Input is a value, or nil and a reason", function()
    for _, text in ipairs(VALUES) do
      assert.is_true((pcall(fnf.decode, text)))
    end
  end)
end)
