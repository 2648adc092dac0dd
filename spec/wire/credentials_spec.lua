-- Keys over real HTTP: the emulator plays STS, the metadata service and a credentials URI.
-- SPDX-License-Identifier: MIT
local client = require "fnf.client"
local credentials = require "fnf.credentials"
local emulator = require "fnf.emulator"
local home = require "spec.support.temporary_home"
local json = require "fnf.json"
local plain = require "fnf.platform.plain"
require "fnf.methods"

local ROLE = "acs:ram::1234567890123456:role/reader"
local POLLS, ROTATIONS = 1000, 50

describe("keys from the emulator", function()
  local server, run, place, events

  setup(function()
    server = assert(emulator.start())
    place = home.new()
  end)

  teardown(function()
    assert.is_nil(server:error_log():find("%[error%]"), server:error_log())
    server:stop()
    place:remove()
  end)

  before_each(function()
    assert(server:reset())
    run, events = assert(server:map_run { items = 10, item_duration = 1e6 }), {}
  end)

  local function long_key()
    return credentials.static { access_key_id = server.access_key_id, access_key_secret = server.access_key_secret }
  end

  --- A client whose environment is the table given; HOME is the temporary one.
  local function new_client(options, environment, platform)
    platform = platform or plain.new(options)
    platform.getenv = function(name)
      return name == "HOME" and place.path or (environment or {})[name]
    end
    options.endpoint = server.url
    options.on_event = function(name, fields)
      events[#events + 1] = { name = name, fields = fields }
    end
    return assert(client.new(options, platform))
  end

  local function names()
    return { FlowName = run.FlowName, ExecutionName = run.ExecutionName, MapRunName = run.MapRunName }
  end

  --- The names and sources of every renewal told so far.
  local function sources()
    local found = {}
    for _, event in ipairs(events) do
      found[#found + 1] = event.name == "refresh" and (event.fields.source or tostring(event.fields.error)) or nil
    end
    return found
  end

  local function ask(options, environment)
    local calling = new_client(options, environment)
    local answer, err = calling:describe_map_run(names())
    calling:close()
    return answer, err
  end

  -- what, options of the client, source
  local ways = {
    { "by STS with a key", "ram_role_arn/static_ak", function()
      return credentials.assume_role { role_arn = ROLE, source = long_key(), sts_endpoint = server.url,
        session_name = "spec", policy = { Version = "1", Statement = {} } }
    end },
    { "by STS with an OIDC token", "oidc_role_arn", function()
      return credentials.oidc { role_arn = ROLE, provider_arn = "acs:ram::1:oidc-provider/p", sts_endpoint = server.url,
        token_file = place:write("token", "header.payload.signature\n") }
    end },
    { "by metadata", "ecs_ram_role", function() return credentials.ecs_ram_role { endpoint = server.url } end },
    { "by a URI", "credential_uri", function()
      return credentials.uri { uri = server.url .. "/_fnf/credentials" }
    end },
    { "by a role on top of a role", "ram_role_arn/ecs_ram_role", function()
      return credentials.assume_role { role_arn = ROLE, sts_endpoint = server.url,
        source = credentials.ecs_ram_role { endpoint = server.url } }
    end },
  }
  for _, way in ipairs(ways) do
    it("come " .. way[1] .. ", in both families of signatures", function()
      for _, signature in ipairs { "HMAC-SHA1", "ACS3-HMAC-SHA256" } do
        local answer, err = ask { credentials = way[3](), signature = signature }
        assert.are.equal("Running", answer and answer.Status, err and tostring(err))
      end
      assert.are.equal(way[2], table.remove(sources()))
      assert.is_true(server:identity().issued >= 2)
    end)
  end

  it("come by metadata past a proxy", function()
    local _, err = ask { credentials = credentials.ecs_ram_role { endpoint = server.url },
      proxy = "http://127.0.0.1:1", no_proxy = "" }
    assert.are.equal("network", err.kind) -- the call itself goes by the proxy, where nobody is
    assert.are.same({ "ecs_ram_role" }, sources())
  end)

  -- what the instance offers, what is allowed, whether it works
  for _, row in ipairs {
    { "v2", {}, true }, { "v2", { ALIBABA_CLOUD_IMDSV1_DISABLED = "true" }, true }, { "v1", {}, true },
    { "v1", { ALIBABA_CLOUD_IMDSV1_DISABLED = "true" }, false }, { "none", {}, false },
  } do
    it(("%s come from an instance with %s%s"):format(row[3] and "do" or "do not", row[1],
      next(row[2]) and " where v1 is disabled" or ""), function()
      server:identity { metadata = row[1] }
      local answer, err = ask({ credentials = credentials.ecs_ram_role { endpoint = server.url } }, row[2])
      assert.are.equal(row[3], answer ~= nil)
      assert.are.equal(not row[3] and "credentials" or nil, err and err.kind)
    end)
  end

  it("come by the default chain out of a profile in a real home", function()
    place:write(".aliyun/config.json", json.encode { current = "work", profiles = {
      { name = "base", mode = "AK", access_key_id = server.access_key_id,
        access_key_secret = server.access_key_secret },
      { name = "work", mode = "ChainableRamRoleArn", source_profile = "base", ram_role_arn = ROLE,
        sts_endpoint = server.url, region_id = "cn-hangzhou" } } })
    assert(ask {})
    assert.are.same({ "default/cli_profile/ram_role_arn/static_ak" }, sources())
  end)

  it("are refused for a wrong secret, with the reason of STS", function()
    local source = credentials.static { access_key_id = server.access_key_id, access_key_secret = "wrong-secret" }
    local _, err = ask { credentials = credentials.assume_role { role_arn = ROLE, source = source,
      sts_endpoint = server.url } }
    assert.are.equal("credentials", err.kind)
    assert.are.equal("SignatureNotMatch", err.cause.code)
    assert.is_nil(tostring(err):find("wrong-secret", 1, true))
  end)

  it("are refused for a wrong OIDC token, which is not shown", function()
    server:identity { oidc_token = "right" }
    local _, err = ask { credentials = credentials.oidc { role_arn = ROLE, provider_arn = "p",
      sts_endpoint = server.url, token_file = place:write("token", "wrong-secret-token") } }
    assert.are.equal("AccessDenied", err.cause.code)
    assert.is_nil(tostring(err):find("wrong-secret", 1, true))
  end)

  it("are renewed once and the call resent when the service ends them", function()
    local calling = new_client { credentials = credentials.ecs_ram_role { endpoint = server.url } }
    assert(calling:describe_map_run(names()))
    assert(server:expire())
    assert(calling:describe_map_run(names()))
    calling:close()
    assert.are.equal(2, server:identity().issued)
    assert.are.equal(1, server:requests().answers.DescribeMapRun["400"])
  end)

  --- A platform whose sleeps move its own clock and the emulator's instead of waiting.
  local function moved_by_sleep(on_sleep)
    local platform = plain.new {}
    local real_now, real_time, ahead = platform.now, platform.time, 0
    function platform.now() return real_now() + ahead end
    function platform.time() return real_time() + ahead end
    function platform.sleep(seconds)
      ahead = ahead + seconds
      assert(server:clock { offset = ahead })
      if on_sleep then
        on_sleep()
      end
      return true
    end
    return platform
  end

  --- Wait for so many polls; what was observed.
  local function wait(source, delay, on_sleep)
    local calling = new_client({ credentials = source }, {}, moved_by_sleep(on_sleep))
    local _, err = calling:wait_map_run(names(), { max_polls = POLLS, min_delay = delay, max_delay = delay,
      others = false })
    calling:close()
    assert.are.equal("timeout", err.kind)
    return err.observed
  end

  it("expire and rotate 50 times during a wait of 1,000 polls, and no poll fails", function()
    server:identity { life = 900 }
    local observed = wait(credentials.assume_role { role_arn = ROLE, source = long_key(), sts_endpoint = server.url,
      duration = 900 }, 40)
    assert.are.equal(POLLS, observed.polls)
    assert.are.equal(0, observed.failures)
    assert.are.same({ Running = POLLS }, observed.statuses)
    assert.is_true(server:identity().issued >= ROTATIONS, server:identity().issued)
    -- All were renewed ahead of their end: the service saw no expired one.
    assert.are.same({ ["200"] = POLLS }, server:requests().answers.DescribeMapRun)
  end)

  it("are ended early by the service 50 times during a wait of 1,000 polls, and no poll fails", function()
    local sleeps = 0
    local observed = wait(credentials.ecs_ram_role { endpoint = server.url }, 1, function()
      sleeps = sleeps + 1
      if sleeps % 19 == 0 then
        assert(server:expire())
      end
    end)
    assert.are.equal(POLLS, observed.polls)
    assert.are.equal(0, observed.failures)
    local refused = server:requests().answers.DescribeMapRun["400"]
    assert.is_true(refused >= ROTATIONS, refused)
    assert.are.equal(refused + 1, server:identity().issued)
  end)
end)
