--- The client and the emulator together, over the real transport.
-- SPDX-License-Identifier: MIT

local fnf = require "fnf"

describe("the client against the emulator", function()
  local emulator

  setup(function()
    emulator = assert(require("fnf.emulator").start())
  end)

  teardown(function()
    emulator:stop()
  end)

  before_each(function()
    emulator:reset()
  end)

  local function new_client(options)
    options.endpoint = options.endpoint or emulator.url
    options.access_key_id = options.access_key_id or emulator.access_key_id
    options.access_key_secret = options.access_key_secret or emulator.access_key_secret
    return assert(fnf.new(options))
  end

  local function names_of(run)
    return { FlowName = run.FlowName, ExecutionName = run.ExecutionName, MapRunName = run.MapRunName }
  end

  it("gets one result out of a throttle, a fault and a reset, each attempt signed anew", function()
    local run = assert(emulator:map_run { items = 10, Concurrency = 10, item_duration = 60 })
    emulator:fault { kind = "status", status = 429, retry_after_ms = 300 }
    emulator:fault { kind = "status", status = 500 }
    emulator:fault { kind = "reset" }
    local waits = {}
    local client = new_client { max_attempts = 4, on_event = function(name, fields)
      if name == "throttle" or name == "retry" then
        waits[#waits + 1] = { name = name, delay = fields.delay }
      end
    end }
    local described = assert(client:describe_map_run(names_of(run)))
    client:close()
    assert.equal("Running", described.Status)

    assert.same({ "throttle", "retry", "retry" }, { waits[1].name, waits[2].name, waits[3].name })
    assert.equal(0.3, waits[1].delay)
    local seen = emulator:requests().requests
    assert.equal(4, #seen)
    local nonces, signatures = {}, {}
    for _, request in ipairs(seen) do
      assert.is_nil(nonces[request.nonce])
      assert.is_nil(signatures[request.signature])
      nonces[request.nonce], signatures[request.signature] = true, true
    end
    for i, wait in ipairs(waits) do
      assert.is_true(seen[i + 1].at - seen[i].at >= wait.delay - 0.001)
    end
  end)

  for _, signature in ipairs { "HMAC-SHA1", "ACS3-HMAC-SHA256", "ACS3-HMAC-SM3" } do
    it("waits over https for 2,000 items, 3 % failing, to their predicted counts; signed by " .. signature, function()
      local run = assert(emulator:map_run { items = 2000, Concurrency = 1000, item_duration = 0.6, failure_share = 0.03,
        ToleratedFailedPercentage = 5 })
      local client = new_client { endpoint = emulator.https_url, ca_file = emulator.ca_file, signature = signature }
      local looks = 0
      local final = assert(client:wait_map_run(names_of(run), { timeout = 30, min_delay = 0.1, max_delay = 0.5,
        on_progress = function() looks = looks + 1 end }))
      client:close()
      assert.equal("Succeeded", final.Status)
      assert.same({ Total = 2000, Succeed = 1940, Failed = 60, Running = 0, Pending = 0, Aborted = 0 },
        final.ItemCounts)
      assert.is_true(looks > 1)
    end)
  end

  it("says that the secret is wrong, without telling it", function()
    local run = assert(emulator:map_run {})
    local client = new_client { access_key_secret = "not-the-secret" }
    local described, err = client:describe_map_run(names_of(run))
    client:close()
    assert.is_nil(described)
    assert.equal("service", err.kind)
    assert.equal("SignatureNotMatch", err.code)
    assert.equal(403, err.status)
    assert.is_truthy(err.message:find("access_key_secret", 1, true))
    assert.is_nil(tostring(err):find("not-the-secret", 1, true))
  end)

  it("refuses a server whose certificate nobody vouches for", function()
    local client = new_client { endpoint = emulator.https_url }
    local described, err = client:describe_map_run { FlowName = "f", ExecutionName = "e", MapRunName = "m" }
    client:close()
    assert.is_nil(described)
    assert.equal("tls", err.kind)
    assert.equal(1, err.attempts)
    assert.truthy(err.message:find("ca_file, or as FNF_CA_FILE", 1, true), err.message)
    assert.equal(0, #emulator:requests().requests)
  end)

  it("15.2: says of a port with TLS that it is one", function()
    local client = new_client { endpoint = emulator.https_url:gsub("^https:", "http:"), max_attempts = 1 }
    local _, err = client:describe_regions()
    client:close()
    assert.truthy(err.message:find("this port speaks https", 1, true), err.message)
  end)

  it("15.2: says of a port without TLS, and of a name that nobody knows, that the address is wrong", function()
    for endpoint, words in pairs { [emulator.url:gsub("^http:", "https:")] = "does not speak TLS",
      ["https://nowhere.invalid"] = "Could not resolve host" } do
      local client = new_client { endpoint = endpoint, max_attempts = 1 }
      local _, err = client:describe_regions()
      client:close()
      assert.truthy(err.message:find(words, 1, true), err.message)
      assert.is_true(err.misaddressed)
      assert.is_true(err.retryable)
    end
  end)
end)
