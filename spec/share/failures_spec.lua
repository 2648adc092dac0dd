--- A real Redis that fails in each of its ways while waits go on: nothing is lost, and sharing comes back by itself.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local emulator = require "fnf.emulator"
local fnf = require "fnf"
local ports = require "fnf.emulator.ports"
local redis_server = require "spec.support.redis_server"

local missing = redis_server.missing()
local HOUR = 3600 -- seconds: a run of that takes no end by itself here
local PATIENCE = 120 -- seconds, only a bound: Redis is asked again 5, 15, 35 and 75 s after it went away

describe("while Redis is", function()
  if missing then
    pending(missing)
    return
  end

  local cloud, servers = nil, {}

  setup(function()
    cloud = assert(emulator.start())
  end)
  after_each(function()
    for _, server in ipairs(servers) do
      server:stop()
    end
    servers = {}
  end)
  teardown(function()
    cloud:stop()
  end)

  local function start(words)
    servers[#servers + 1] = redis_server.start(words)
    return servers[#servers]
  end

  --- A client and its warnings. Its `timeout` is long where Redis answers, so that no busy machine makes it seem away.
  local function new_client(url, timeout)
    local warnings = {}
    local client = fnf.new { endpoint = cloud.url, access_key_id = cloud.access_key_id,
      access_key_secret = cloud.access_key_secret, share = fnf.share.redis { url = url, timeout = timeout or 10 },
      on_event = function(name, fields)
        if name == "warning" then
          warnings[#warnings + 1] = fields.message or tostring(fields.error)
        end
      end }
    return client, warnings
  end

  local function names_of(run)
    return { FlowName = run.FlowName, ExecutionName = run.ExecutionName, MapRunName = run.MapRunName }
  end

  local function new_runs(count, seconds)
    local runs = {}
    for i = 1, count do
      runs[i] = names_of(cloud:map_run { FlowName = "failures", ExecutionName = core.nonce():sub(1, 12), items = 20,
        Concurrency = 4, item_duration = seconds / 5 })
    end
    return runs
  end

  --- Wait for runs that have no end but by what is done meanwhile: each act once what it is for has happened.
  local function wait_during(client, acts)
    local done, looked_at = 0, -math.huge
    local function act()
      local next_one = acts[done + 1]
      if next_one and core.now() - looked_at > 0.2 then
        looked_at = core.now()
        if next_one[1]() then
          done = done + 1
          next_one[2]()
        end
      end
    end
    local ended = assert(client:wait_map_runs(new_runs(3, HOUR), { others = false, max_delay = 0.5,
      timeout = PATIENCE, cancel = act }))
    for _, run in ipairs(ended) do
      assert.equal("Succeeded", run.Status)
    end
    assert.equal(#acts, done)
  end

  --- Have all runs end, once so many have asked for it.
  local function finish_for(count)
    return function()
      count = count - 1
      if count == 0 then
        assert(cloud:clock { advance = 2 * HOUR })
      end
    end
  end

  --- Whether Redis has been given an answer since it was emptied.
  local function is_shared(server)
    return server:cli("--raw KEYS '*answer*'"):find("answer", 1, true) ~= nil
  end

  it("killed and started again, paused by a command, or stopped by a signal: it comes back by itself", function()
    local finish = finish_for(3)
    --- Redis fails, is there again and empty, and is shared by then; the waits end after that.
    local function outlast(fail, heal)
      local server = start()
      return function()
        local client, warnings = new_client(server.url, 0.5)
        local function shared() return is_shared(server) end
        wait_during(client, { { shared, function() fail(server) end },
          { function() return warnings[1] end, function() heal(server) end }, { shared, finish } })
        assert.is_truthy(warnings[1])
        for _, warning in ipairs(warnings) do -- a second one where the machine is too busy to answer in time
          assert.is_truthy(warning:find("Redis is away", 1, true), warning)
        end
        return true
      end
    end
    assert(fnf.gather {
      outlast(function(server) server:kill() end, function(server) server:start() end),
      outlast(function(server) server:cli("CLIENT PAUSE 600000 WRITE") end, function(server)
        server:cli("CLIENT UNPAUSE")
        server:cli("FLUSHALL")
      end),
      outlast(function(server) server:signal("STOP") end, function(server)
        server:signal("CONT")
        server:cli("FLUSHALL")
      end),
    })
  end)

  it("without the scripts it had: they are sent again, and nobody notices", function()
    local redis = start()
    local client, warnings = new_client(redis.url)
    local function shared() return is_shared(redis) end
    wait_during(client, { { shared, function()
      redis:cli("SCRIPT FLUSH")
      redis:cli("FLUSHALL")
    end }, { shared, finish_for(1) } })
    assert.same({}, warnings)
  end)

  it("full, a replica that refuses writes, behind another password, or not there: one warning each", function()
    local full = start("--maxmemory 100kb --maxmemory-policy noeviction")
    local master = start()
    local replica = start("--replicaof 127.0.0.1 1 --replica-read-only yes")
    local locked = start("--requirepass another")
    local port = ports.free_pair(locked.path)
    start(("--requirepass another --bind 127.0.0.1 --port %d"):format(port))
    master:stop()
    local urls = { full.url, replica.url, locked.url, ("redis://:wrong-secret@127.0.0.1:%d/0"):format(port),
      "redis://:wrong-secret@127.0.0.1:1/0", master.url }
    local waits = {}
    for i, url in ipairs(urls) do
      waits[i] = function()
        local client, warnings = new_client(url)
        local run = assert(client:wait_map_run(new_runs(1, 0.01)[1], { others = false }))
        assert.equal("Succeeded", run.Status)
        assert.equal(1, #warnings, url)
        assert.is_truthy(warnings[1]:find("Redis is away", 1, true))
        assert.is_nil(warnings[1]:find("secret", 1, true))
        assert.equal(i == 4, warnings[1]:find("refuses user and password: WRONGPASS", 1, true) ~= nil)
        return true
      end
    end
    assert(fnf.gather(waits))
  end)

  it("behind a user's password, in a database of its own: it is shared there", function()
    local port = ports.free_pair(os.tmpname())
    local redis = start(("--requirepass another --bind 127.0.0.1 --port %d"):format(port))
    local client, warnings = new_client(("redis://default:another@127.0.0.1:%d/3"):format(port))
    assert.equal("Succeeded", assert(client:wait_map_run(new_runs(1, 0.01)[1], { others = false })).Status)
    assert.same({}, warnings)
    for database, there in pairs { [0] = false, [3] = true } do
      local keys = redis:cli(("-a another --no-auth-warning -n %d --raw KEYS '*answer*'"):format(database))
      assert.equal(there, keys:find("answer", 1, true) ~= nil)
    end
  end)

  it("full of senseless values: a warning, and the wait goes on", function()
    local redis = start()
    local client, warnings = new_client(redis.url)
    local run = new_runs(1, 0.01)[1]
    assert(client:wait_map_run(run, { others = false }))
    local keys = {}
    for key in redis:cli("--raw KEYS '*'"):gmatch("[^\n]+") do
      keys[#keys + 1] = key
    end
    local account = keys[1]:match("^fnf:{%x+}:")
    for _, name in ipairs { "askers", "asked", "waits" } do -- which are empty while nothing is waited for
      keys[#keys + 1] = account .. name .. ":DescribeMapRun"
    end
    assert.is_true(#keys >= 6)
    local VALUES = { "SET %s nonsense", "HSET %s at 9e99 run '{' tokens -1e300 share 0 halved x",
      "HSET %s at 1 run '[1,2]'", "HSET %s at 1 run '{\"Status\":5}'", "HSET %s at -1 run 'null' tokens 1e15",
      "HSET %s at 1 run '{\"Status\":\"Succeeded\",\"MapRunName\":\"another\"}'", "RPUSH %s a b",
      "ZADD %s -inf x +inf y 5 z", "ZADD %s +inf x" }
    for i, value in ipairs(VALUES) do
      local lines = {}
      for k, key in ipairs(keys) do
        lines[k] = ("DEL '%s'\n%s\n"):format(key, value:format("'" .. key .. "'"))
      end
      redis:cli(("<<'END'\n%sEND\n"):format(table.concat(lines)))
      local again, other = new_client(redis.url)
      local ended = assert(again:wait_map_run(run, { others = false, timeout = 20 }))
      assert.equal("Succeeded", ended.Status)
      assert.equal(run.MapRunName, ended.MapRunName)
      for _, warning in ipairs(other) do
        assert.is_truthy(warning:find("makes no sense", 1, true), warning)
      end
      warnings[i] = #other
    end
    assert.is_true(warnings[2] == 1 and warnings[3] == 1 and warnings[4] == 1 and warnings[6] == 1)
  end)

  it("there: nothing secret is in it", function()
    local redis = start()
    local client = new_client(redis.url)
    assert(client:wait_map_run(new_runs(1, 0.01)[1], { others = false }))
    local dump = {}
    for key in redis:cli("--raw KEYS '*'"):gmatch("[^\n]+") do
      dump[#dump + 1] = key
      for _, command in ipairs { "GET", "HGETALL", "ZRANGE" } do
        dump[#dump + 1] = redis:cli(("--raw %s '%s' %s"):format(command, key, command == "ZRANGE" and "0 -1" or ""))
      end
    end
    local text = table.concat(dump, "\n")
    assert.is_truthy(text:find("Succeeded", 1, true))
    for _, secret in ipairs { cloud.access_key_id, cloud.access_key_secret, "Signature", "AccessKeyId" } do
      assert.is_nil(text:find(secret, 1, true), secret)
    end
  end)
end)
