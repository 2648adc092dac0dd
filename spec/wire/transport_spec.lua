--- The client over the real transport, against the emulator.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local emulators = require "fnf.emulator"
local fnf = require "fnf"

describe("over the real transport", function()
  local emulator, client, events

  local function connect(options)
    events = {}
    local all = { endpoint = emulator.url, access_key_id = emulator.access_key_id, no_proxy = "*",
      access_key_secret = emulator.access_key_secret, on_event = function(name, fields)
        events[#events + 1] = { name = name, fields = fields }
      end }
    for name, value in pairs(options or {}) do
      all[name] = value
    end
    client = assert(fnf.new(all))
    return client
  end

  local function names_of(run)
    return { FlowName = run.FlowName, ExecutionName = run.ExecutionName, MapRunName = run.MapRunName }
  end

  setup(function()
    emulator = assert(emulators.start())
  end)

  teardown(function()
    emulator:stop()
  end)

  before_each(function()
    assert(emulator:reset())
  end)

  after_each(function()
    if client then
      client:close()
    end
    client = nil
  end)

  it("429 with a hint, 500 and a reset make one result of four attempts, four signatures, and the waits asked for",
    function()
      local run = assert(emulator:map_run { items = 10 })
      assert(emulator:fault { kind = "status", status = 429, retry_after_ms = 300 })
      assert(emulator:fault { kind = "status", status = 500 })
      assert(emulator:fault { kind = "reset" })
      local started = core.now()
      local found, err = connect({ max_attempts = 4 }):describe_map_run(names_of(run))
      local took = core.now() - started
      assert.is_truthy(found, tostring(err))
      assert.equal(run.MapRunName, found.MapRunName)
      local delays, attempts = {}, 0
      for _, event in ipairs(events) do
        if event.name == "retry" or event.name == "throttle" then
          delays[#delays + 1] = event.fields.delay
        end
        attempts = attempts + (event.name == "request" and 1 or 0)
      end
      assert.same({ 4, 3, 0.3 }, { attempts, #delays, delays[1] })
      assert.is_true(took >= delays[1] + delays[2] + delays[3])
      local requests, different = assert(emulator:requests()).requests, {}
      for _, entry in ipairs(requests) do
        different[entry.nonce], different[entry.signature] = true, true
      end
      local count = 0
      for _ in pairs(different) do
        count = count + 1
      end
      assert.same({ 4, 8 }, { #requests, count })
    end)

  for _, signature in ipairs { "HMAC-SHA1", "ACS3-HMAC-SHA256", "ACS3-HMAC-SM3" } do
    it("a MapRun of 2,000 items with 3 % failures is waited for to its end over HTTPS, signed by " .. signature,
      function()
        local run = assert(emulator:map_run { items = 2000, Concurrency = 200, item_duration = 100,
          failure_share = 0.03, ToleratedFailedPercentage = 5 })
        local seen = {}
        connect { endpoint = emulator.https_url, ca_file = emulator.ca_file, signature = signature }
        local final, err = client:wait_map_run(names_of(run), { timeout = 30, min_delay = 0.1, max_delay = 0.3,
          on_progress = function(seen_run)
            seen[#seen + 1] = seen_run.Status
            emulator:clock { advance = 2000 }
          end })
        assert.is_truthy(final, tostring(err))
        assert.equal("Succeeded", final.Status)
        assert.same({ Pending = 0, Running = 0, Succeed = 1940, Failed = 60, Aborted = 0, Total = 2000 },
          final.ItemCounts)
        assert.same({ "Running", "Succeeded" }, seen)
      end)
  end
end)
