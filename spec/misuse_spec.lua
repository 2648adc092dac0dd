--- Bad input to every operation: what is wrong by itself is raised at the caller's line, and nothing is sent.
-- SPDX-License-Identifier: MIT

local fnf = require "fnf"
local operations = require "fnf.operations"

local sent

--- Has what the answer of any operation must have, about what `good` asks for.
local ANSWER = '{"RequestId":"r","Status":"Running","Version":"1","Name":"value","FlowName":"value",'
  .. '"ScheduleName":"value","MapRunName":"value"}'

local function new_client()
  sent = 0
  return fnf.new { region = "cn-hangzhou", access_key_id = "id", access_key_secret = "secret",
    transport = function()
      sent = sent + 1
      return { status = 200, headers = {}, body = ANSWER }
    end }
end

--- A value that a row takes.
local function good(row)
  if row.values then
    return row.values[1]
  elseif row.type == "json" then
    return row.entries and { { Version = "1", Weight = 100 } } or '{"a":1}'
  elseif row.type == "string" or row.type == "name" then
    return row.rule and row.rule:find("time") and "2026-01-02T03:04:05.678Z" or "value"
  end
  return row.type == "boolean" or row.maximum or 1
end

--- Values that a row does not take, each with a word of the problem.
local function bad(row)
  local values = {}
  local function add(value, word)
    values[#values + 1] = { value, word }
  end
  local as = row.type
  add(function() end, as == "json" and "table" or "must be")
  if as == "string" or as == "name" then
    add(5, "must be a string")
    add({}, "must be a string")
  elseif as == "json" then
    add(5, "must be a table")
    add(true, "must be a table")
    add({ f = print }, "cannot be written as JSON")
    add({ 12345678901234567890 }, "would lose digits") -- more than 64 bits: a float, whatever the Lua
    add({ 0 / 0 }, "cannot be written as JSON")
  elseif as == "boolean" then
    add("true", "must be a boolean")
  else
    add("7", "must be")
    add(0 / 0, "must be")
    add(math.huge, "must be")
  end
  if as == "integer" then
    add(1.5, "must be an integer")
  end
  if as == "name" then
    add("", "is empty")
    add("two\nlines", "line break")
    add("nul\0", "control character")
  end
  if as == "json" then
    add("{bad", "JSON as a string: ")
    add("{} and more", "JSON as a string: ")
    add("{}\0", "NUL")
  end
  if row.minimum then
    add(row.minimum - 1, "must be at least")
  end
  if row.maximum then
    add(row.maximum + 1, "must be at most")
  end
  if row.values then
    add("Nonsense", "must be one of")
  end
  if row.characters then
    add(("é"):rep(row.characters[2] + 1), "characters")
    add("", row.type == "name" and "is empty" or "characters")
  end
  if row.pattern then
    add("1 !", row.rule)
  end
  if row.count then
    add({ { Version = "1", Weight = 1 }, { Version = "2", Weight = 1 }, { Version = "3", Weight = 1 } }, "entries")
    add({}, "empty list")
    add({ { Version = 1, Weight = 1 } }, "field Version must be")
    add({ { Version = "1", Wieght = 1 } }, "did you mean Weight")
    add({ Version = "1", Weight = 1 }, "must be a list")
  end
  if row.fields then
    add({ Variable = {} }, "did you mean Variables")
    add({ Variables = { Name = "x" } }, "must be a list")
    add({ Variables = { { Name = 1 } } }, "field Name must be")
  end
  return values
end

local function complete(row)
  local params = {}
  for name, parameter in pairs(row.parameters) do
    params[name] = good(parameter)
  end
  return params
end

--- Assert that the call raises at this file's line, with those words after the method's name.
local function refused(client, name, params, words)
  local done, message = pcall(function()
    client[name](client, params)
  end)
  assert.is_false(done, name .. " took it")
  assert.is_string(message)
  assert.truthy(message:find("^[^\n]*misuse_spec%.lua:%d+: " .. name .. ": "), message)
  assert.truthy(message:find(words, 1, true), message .. " does not say: " .. words)
  assert.equal(0, sent)
end

describe("bad input", function()
  local client

  before_each(function()
    client = new_client()
  end)

  for name, row in pairs(operations) do
    describe("to " .. name, function()
      it("does not include what the documentation allows", function()
        assert.is_table(assert(client[name](client, complete(row))))
        assert.equal(1, sent)
      end)

      it("is refused where a required parameter is missing", function()
        for parameter, rule in pairs(row.parameters) do
          if rule.required then
            local params = complete(row)
            params[parameter] = nil
            refused(client, name, params, "missing parameter " .. parameter)
          end
        end
      end)

      it("is refused where a parameter is unknown, with the nearest name", function()
        local params = complete(row)
        params.Nonsense_of_ours = "x"
        refused(client, name, params, "unknown parameter Nonsense_of_ours")
        for parameter in pairs(row.parameters) do
          params = complete(row)
          params[parameter .. "x"] = params[parameter]
          params[parameter] = nil
          refused(client, name, params, ("unknown parameter %sx (did you mean"):format(parameter))
        end
      end)

      it("is refused where a value has the wrong type or is out of range", function()
        for parameter, rule in pairs(row.parameters) do
          for _, case in ipairs(bad(rule)) do
            local params = complete(row)
            params[parameter] = case[1]
            refused(client, name, params, "parameter " .. parameter .. " ")
            refused(client, name, params, case[2])
          end
        end
      end)

      it("is refused where it is no table, or an option is wrong", function()
        refused(client, name, "text", "a table of parameters expected, got string")
        local done, message = pcall(function()
          client[name](client, complete(row), { timeuot = 1 })
        end)
        assert.is_false(done)
        assert.truthy(message:find("did you mean timeout", 1, true), message)
      end)
    end)
  end

  it("never changes the caller's tables", function()
    for name, row in pairs(operations) do
      local params, before = complete(row), complete(row)
      client[name](client, params)
      assert.same(before, params)
    end
  end)

  it("is no parameters at all where none is required", function()
    assert.is_table(client:list_flows())
    assert.is_table(client:describe_regions())
    refused(new_client(), "describe_flow", nil, "a table of parameters expected, got nil")
  end)
end)
