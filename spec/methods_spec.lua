--- Misuse raises at the line of the caller, naming the key; before anything is sent.
-- SPDX-License-Identifier: MIT

local client = require "fnf.client"
local methods = require "fnf.methods"
local operations = require "fnf.operations"
local fake_platform = require "spec.support.fake_platform"

local FILE = debug.getinfo(1, "S").short_src
local NAN = 0 / 0

--- Call, and the line it was called at.
local function misuse(calling, name, params, options)
  local line
  local done, raised = pcall(function()
    line = debug.getinfo(1, "l").currentline + 1
    local result = calling[name](calling, params, options)
    return result
  end)
  assert.is_false(done, "nothing was raised")
  return tostring(raised), ("%s:%d: "):format(FILE, line)
end

local function assert_refused(name, params, options, key)
  local cloud = fake_platform.new()
  local text, place = misuse(cloud:client(), name, params, options)
  assert.equal(place, text:sub(1, #place))
  assert.is_truthy(text:find(name .. ": ", 1, true), text)
  assert.is_truthy(text:find(key, 1, true), text)
  assert.same({ 0, 0 }, { #cloud.sent, #cloud.sleeps })
end

local function with(base, name, value)
  local copy = {}
  for key, field in pairs(base) do
    copy[key] = field
  end
  copy[name] = value
  return copy
end

-- What no row of the type takes.
local WRONG = {
  name = { "", 5, true, {}, print, "a\nb", "a\r", "a\0b", "\127" },
  string = { 5, true, {}, print },
  seconds = { -1, NAN, math.huge, -math.huge, "5", true, {} },
  integer = { 1.5, NAN, math.huge, "5", true, {} },
  number = { NAN, math.huge, "5", {} },
  boolean = { 0, "true", {} },
  ["function"] = { "f", {}, true, 1 },
  table = { "x", 1, print },
  json = { 5, true, print },
  list = { "x", 5, {} },
}

describe("a wrong parameter", function()
  for name, row in pairs(operations) do
    for key, rules in pairs(row.parameters) do
      it(("raises at the caller's line: %s, %s"):format(name, key), function()
        local values = assert(WRONG[rules.type], rules.type)
        for _, value in ipairs(values) do
          assert_refused(name, with({}, key, value), nil, "parameter " .. key)
        end
      end)
    end
  end

  it("of a wait raises at the caller's line, too", function()
    for key in pairs(operations.describe_map_run.parameters) do
      for _, value in ipairs(WRONG.name) do
        assert_refused("wait_map_run", with(fake_platform.names, key, value), nil, "parameter " .. key)
      end
    end
  end)

  for _, method in ipairs { "describe_map_run", "wait_map_run" } do
    it("is one that is missing: " .. method, function()
      for key in pairs(fake_platform.names) do
        assert_refused(method, with(fake_platform.names, key, nil), nil, "missing parameter " .. key)
      end
    end)
    it("is one that is unknown: " .. method, function()
      assert_refused(method, with(fake_platform.names, "MapRunname", "x"), nil, "(did you mean MapRunName?)")
      assert_refused(method, with(fake_platform.names, 1, "x"), nil, "unknown parameter 1")
    end)
    it("is no table at all: " .. method, function()
      for _, value in ipairs { "text", 5, true, print } do
        assert_refused(method, value, nil, "a table of parameters expected, got " .. type(value))
      end
      assert_refused(method, nil, nil, "parameter")
    end)
  end
end)

describe("a wrong option", function()
  for name, method in pairs(methods.rows) do
    if method.parameters == operations.describe_map_run.parameters then
      for key, rules in pairs(method.options) do
        it(("raises at the caller's line: %s, %s"):format(name, key), function()
          for _, value in ipairs(WRONG[rules.type] or { 5, true, print, { 5 }, { Running = true } }) do
            assert_refused(name, fake_platform.names, with({}, key, value), "option " .. key)
          end
        end)
      end
      it("raises at the caller's line when unknown: " .. name, function()
        assert_refused(name, fake_platform.names, { time_out = 5 }, "unknown option time_out (did you mean timeout?)")
      end)
      it("is no table at all: " .. name, function()
        for _, value in ipairs { "text", 5, false, true } do
          assert_refused(name, fake_platform.names, value, "a table of options expected")
        end
      end)
    end
  end

  local ROWS = {
    { "describe_map_run", { timeout = 0 }, "option timeout" },
    { "describe_map_run", { attempt_timeout = 0 }, "option attempt_timeout" },
    { "describe_map_run", { max_attempts = 0 }, "option max_attempts" },
    { "describe_map_run", { max_attempts = 101 }, "option max_attempts" },
    { "wait_map_run", { timeout = 0 }, "option timeout" }, { "wait_map_run", { min_delay = 0 }, "option min_delay" },
    { "wait_map_run", { max_polls = 0 }, "option max_polls" },
    { "wait_map_run", { min_delay = 9, max_delay = 3 }, "min_delay is greater than max_delay" },
    { "wait_map_run", { initial_delay = -1 }, "option initial_delay" },
  }
  for _, row in ipairs(ROWS) do
    it(("is out of range: %s, %s"):format(row[1], row[3]), function()
      assert_refused(row[1], fake_platform.names, row[2], row[3])
    end)
  end
end)

describe("a client", function()
  it("that is closed raises at the caller's line", function()
    local calling = fake_platform.new():client()
    calling:close()
    for _, method in ipairs { "describe_map_run", "wait_map_run" } do
      local text, place = misuse(calling, method, fake_platform.names)
      assert.equal(place .. method .. ": the client is closed", text)
    end
  end)

  it("called with a dot raises at the caller's line, and says so", function()
    local calling = fake_platform.new():client()
    for _, self in ipairs { fake_platform.names, "text", 5 } do
      local done, raised = pcall(function()
        local result = calling.describe_map_run(self)
        return result
      end)
      assert.is_false(done)
      assert.is_truthy(raised:find("call it with a colon: client:describe_map_run{...}", 1, true), raised)
      assert.is_truthy(raised:find(FILE, 1, true), raised)
    end
    local done, raised = pcall(function() calling.listen(print) end)
    assert.is_false(done)
    assert.is_truthy(raised:find("call it with a colon: client:listen(listener)", 1, true), raised)
  end)

  it("has every operation as a method, and no method twice", function()
    local calling = fake_platform.new():client()
    for name in pairs(operations) do
      assert.equal("function", type(calling[name]))
    end
    for name in pairs(methods.rows) do
      assert.equal("function", type(calling[name]))
      assert.is_nil(name == "close" or name == "new" or nil)
    end
    assert.is_string(client.VERSION)
  end)
end)
