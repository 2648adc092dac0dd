--- Executions that several processes hold a poll open at: by a real Redis one of them does, and all hear of the end.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local emulator = require "fnf.emulator"
local fnf = require "fnf"
local redis_server = require "spec.support.redis_server"

local missing = redis_server.missing()
local CLIENTS = 4
local APART = 5 -- seconds between two polls of a run: its end is known by another way before

describe("the executions of runs that are waited for", function()
  if missing then
    pending(missing)
    return
  end

  local cloud, redis

  setup(function()
    cloud, redis = assert(emulator.start()), redis_server.start()
  end)
  teardown(function()
    redis:stop()
    cloud:stop()
  end)

  --- Wait for the same run by a client of its own; how its end was known.
  local function wait(run)
    local known
    local client = fnf.new { endpoint = cloud.url, access_key_id = cloud.access_key_id,
      access_key_secret = cloud.access_key_secret, share = fnf.share.redis { url = redis.url, timeout = 5 } }
    local ended = assert(client:wait_map_runs({ { FlowName = run.FlowName, ExecutionName = run.ExecutionName,
      MapRunName = run.MapRunName } }, { min_delay = APART, on_end = function(_, how)
        known = how
      end }))
    client:close()
    assert.equal("Succeeded", ended[1].Status)
    return known
  end

  it("are held open by one, and their ends are known to all", function()
    local run, waits = cloud:map_run { FlowName = "f", ExecutionName = core.nonce():sub(1, 12), items = 1,
      Concurrency = 1, item_duration = 1.5 }, {}
    for i = 1, CLIENTS do
      waits[i] = function()
        return wait(run)
      end
    end
    local known, held = assert(fnf.gather(waits)), 0
    for i = 1, CLIENTS do
      assert.equal("execution", known[i])
    end
    for _, request in ipairs(cloud:requests().requests) do
      held = held + (request.action == "DescribeExecution" and 1 or 0)
    end
    assert.equal(1, held)
    assert.equal("", redis:cli "--raw KEYS '*waits:*'")
    assert.equal("", redis:cli "--raw KEYS '*lease:*'")
  end)
end)
