--- Operations over the real transport to the emulator, in every signature.
-- SPDX-License-Identifier: MIT

local fnf = require "fnf"

local HOSTILE = { "plain", "中文 é ß 🚀", "~*+/ %&=", "%41%zz%", "!'()[]{}<>|\\^`\"#?:;,@$-_.",
  ("8 KiB of ~ä+"):rep(631):sub(1, 8192) }

describe("a request on the wire", function()
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

  for _, signature in ipairs { "HMAC-SHA1", "ACS3-HMAC-SHA256", "ACS3-HMAC-SM3" } do
    describe("signed by " .. signature, function()
      local client

      before_each(function()
        client = fnf.new { endpoint = emulator.url, signature = signature, access_key_id = emulator.access_key_id,
          access_key_secret = emulator.access_key_secret }
      end)

      after_each(function()
        client:close()
      end)

      it("carries every text as it is", function()
        for _, name in ipairs(HOSTILE) do
          local run, err = client:describe_map_run { FlowName = name, ExecutionName = "e", MapRunName = "m" }
          assert.is_nil(run)
          assert.equal("FlowNotExists", err.code)
        end
        local seen = emulator:requests().requests
        assert.equal(#HOSTILE, #seen)
        for i, request in ipairs(seen) do
          assert.equal(HOSTILE[i], request.parameters.FlowName)
        end
      end)

      it("carries numbers as they are, there and back", function()
        local run = assert(emulator:map_run { items = 10, item_duration = 1000 })
        local names = { FlowName = run.FlowName, ExecutionName = run.ExecutionName, MapRunName = run.MapRunName }
        local updated = assert(client:update_map_run { FlowName = run.FlowName, ExecutionName = run.ExecutionName,
          MapRunName = run.MapRunName, Concurrency = 7, ToleratedFailedCount = 0, ToleratedFailedPercentage = 12.5 })
        assert.equal(12.5, updated.ToleratedFailedPercentage)
        local described = assert(client:describe_map_run(names))
        assert.equal("7", tostring(described.Concurrency))
        assert.equal("0", tostring(described.ToleratedFailedCount))
        assert.equal(12.5, described.ToleratedFailedPercentage)
      end)

      it("is a form where the operation is a POST, and reaches operations that neither side knows", function()
        local result, err = client:call("NewOperation", { Text = "中文 ~*+/ %&=", Table = { a = 1 } })
        assert.is_nil(result)
        assert.equal("ActionNotSupported", err.code)
        assert.equal(400, err.status)
        local seen = emulator:requests().requests[1]
        assert.equal("中文 ~*+/ %&=", seen.parameters.Text)
        assert.equal('{"a":1}', seen.parameters.Table)
      end)
    end)
  end
end)
