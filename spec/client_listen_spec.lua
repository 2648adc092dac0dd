-- SPDX-License-Identifier: MIT
local fnf = require "fnf"

describe("listeners of a client's events", function()
  local heard

  local function note(name)
    return function(event)
      heard[#heard + 1] = name .. " " .. event
    end
  end

  before_each(function()
    heard = {}
  end)

  local function new(on_event)
    return fnf.new { endpoint = "http://127.0.0.1:9", access_key_id = "id", access_key_secret = "secret",
      on_event = on_event }
  end

  it("hear beside the option on_event, the last added first, until they end", function()
    local client = new(note "own")
    local stop = client:listen(note "added")
    client:tell("poll", {})
    stop()
    client:tell("poll", {})
    assert.same({ "added poll", "own poll", "own poll" }, heard)
  end)

  it("leave on_event nil where there are none", function()
    local client = new()
    assert.is_nil(client.on_event)
    client:listen(note "a")()
    assert.is_nil(client.on_event)
  end)

  it("are functions", function()
    local client = new()
    local done, reason = pcall(client.listen, client, 1)
    assert.is_false(done)
    assert.matches("must be a function", reason)
  end)
end)
