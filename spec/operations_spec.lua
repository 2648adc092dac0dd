--- The rows of fnf.operations against the reference of the service, name by name.
-- SPDX-License-Identifier: MIT

local json = require "fnf.json"
local operations = require "fnf.operations"

local function read_reference()
  local file = assert(io.open("spec/reference/fnf-2019-03-15.json", "rb"))
  local text = file:read("*a")
  file:close()
  return assert(json.decode(text))
end

local reference = read_reference()

--- Where a row says otherwise than the reference's own entry; the row's comment says why.
local DECIDED = {
  ["CreateSchedule SignatureVersion"] = "left out",
  ["ListFlowVersions Limit"] = "integer",
}

local function snake_case(action)
  return (action:gsub("(%l)(%u)", "%1_%2"):lower())
end

local function sorted(set)
  local names = {}
  for name in pairs(set or {}) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

--- The types a row may have for a type of the reference.
local ALLOWED = {
  string = { string = true, name = true, json = true },
  integer = { integer = true },
  number = { number = true },
  boolean = { boolean = true },
  object = { json = true },
  array = { json = true, list = true },
}

local OF_JSON_TEXT = { Input = true, Output = true, Payload = true } -- strings that hold JSON: a table is welcome

local function same_fields(rows, properties, where)
  assert.same(sorted(properties), sorted(rows), where)
  for name, property in pairs(properties) do
    assert.equal(property.required or false, rows[name].required or false, where .. " " .. name)
    assert.is_true(ALLOWED[property.type][rows[name].type], where .. " " .. name)
  end
end

local function same_shape(parameter, row, where)
  if parameter.type == "object" then
    assert.same(sorted(parameter.properties), sorted(row.fields), where)
    for name, property in pairs(parameter.properties) do
      assert.equal("array", property.type)
      same_fields(row.fields[name].entries, property.items.properties, where .. "." .. name)
    end
  else
    same_fields(row.entries, parameter.items.properties, where)
    assert.same({ parameter.limits.min_items, parameter.limits.max_items }, row.count, where)
  end
end

local function same_limits(parameter, row, where)
  local limits = parameter.limits or {}
  if limits.minimum then
    assert.equal(limits.minimum, row.minimum, where)
    assert.equal(limits.maximum, row.maximum, where)
  end
  if limits.min_length then
    assert.same({ limits.min_length, limits.max_length }, row.characters, where)
  end
end

local function same_parameter(operation, parameter, row)
  local where = operation.action .. " " .. parameter.name
  local kind = DECIDED[where] or parameter.type
  assert.is_true(ALLOWED[kind][row.type], where .. " is a " .. row.type)
  assert.equal(parameter.required, row.required or false, where)
  local in_query = operation.http_method == "GET" or row.query or false
  assert.equal(parameter["in"] == "query", in_query, where .. " travels elsewhere")
  assert.same(parameter.enum, row.values, where)
  same_limits(parameter, row, where)
  assert.equal(parameter.encoding == "json" or OF_JSON_TEXT[parameter.name] or false, row.type == "json", where)
  if parameter.encoding == "json" then
    same_shape(parameter, row, where)
  end
end

--- What the class of section 5 asks for.
local RETRY = {
  read_only = { repeatable = true },
  idempotent_write = { repeatable = true, writes = true },
  idempotent_effect = { repeatable = true, writes = true },
  not_idempotent = { repeatable = false, writes = true },
  conditional = { repeatable = false, writes = true }, -- StartExecution: fnf.start makes the condition hold
}

local function names_of_type(response, wanted, found)
  for name, field in pairs(response) do
    if field.type == wanted then
      found[name] = true
    end
    names_of_type(field.properties or field.items and field.items.properties or {}, wanted, found)
  end
  return found
end

describe("the rows of the operations", function()
  it("are those of the reference, all 29, under their names in snake_case", function()
    local names = {}
    for _, operation in ipairs(reference.operations) do
      names[snake_case(operation.action)] = operation.action
    end
    assert.equal(29, #sorted(names))
    assert.same(sorted(names), sorted(operations))
    for name, row in pairs(operations) do
      assert.equal(names[name], row.action)
    end
  end)

  it("leave out only what was decided to be left out", function()
    local left_out = {}
    for _, operation in ipairs(reference.operations) do
      local row = operations[snake_case(operation.action)]
      for _, parameter in ipairs(operation.parameters) do
        if not row.parameters[parameter.name] then
          left_out[#left_out + 1] = operation.action .. " " .. parameter.name
        end
      end
    end
    assert.same({ "CreateSchedule SignatureVersion" }, left_out)
  end)

  for _, operation in ipairs(reference.operations) do
    local row = operations[snake_case(operation.action)]

    describe(operation.action, function()
      it("travels as the reference says", function()
        assert.equal(operation.http_method, row.method)
        for _, parameter in ipairs(operation.parameters) do
          local decided = DECIDED[operation.action .. " " .. parameter.name]
          if decided ~= "left out" then
            assert.is_table(row.parameters[parameter.name], parameter.name)
            same_parameter(operation, parameter, row.parameters[parameter.name])
          end
        end
        for name in pairs(row.parameters) do
          local known = false
          for _, parameter in ipairs(operation.parameters) do
            known = known or parameter.name == name
          end
          assert.is_true(known, name .. " is not in the reference")
        end
      end)

      it("is repeated, throttled and paged as the reference says", function()
        assert.same(RETRY[operation.retry.class], { repeatable = row.repeatable, writes = row.writes })
        local bucket = reference.quotas.rate_limits[operation.rate_bucket]
        assert.same({ burst = bucket.size, rate = bucket.refill_per_second }, row.quota)
        assert.equal(operation.pagination and operation.pagination.items, row.items)
      end)

      it("expects what the reference's answer has", function()
        local answer = assert(row.answer)
        assert.equal("string", operation.response[answer.must].type)
        for field, parameter in pairs(answer.same or {}) do
          assert.equal("string", operation.response[field].type)
          assert.is_table(row.parameters[parameter])
        end
        assert.same(sorted(names_of_type(operation.response, "number", {})), sorted(answer.floats))
      end)
    end)
  end

  it("read Weight as an integer, which one answer declares a string and the others an integer", function()
    local declared = {}
    for _, operation in ipairs(reference.operations) do
      for kind in pairs { string = true, integer = true } do
        if names_of_type(operation.response, kind, {}).Weight then
          declared[kind] = true
          assert.is_true(operations[snake_case(operation.action)].answer.integers.Weight)
        end
      end
    end
    assert.same({ string = true, integer = true }, declared)
  end)

  it("call the statuses final that the reference calls terminal", function()
    for name, list in pairs { describe_map_run = "map_run_status", describe_execution = "execution_status" } do
      local final = {}
      for _, status in ipairs(reference[list].values) do
        final[status.value] = status.terminal or nil
      end
      assert.same(final, operations[name].final)
    end
  end)

  it("have the documented rule for names that are made, and none for names that are read", function()
    local new = operations.start_execution.parameters.ExecutionName
    assert.equal(reference.name_rule.max_length, new.characters[2])
    assert.is_nil(operations.describe_execution.parameters.ExecutionName.pattern)
    assert.equal(new.pattern, operations.start_sync_execution.parameters.ExecutionName.pattern)
    assert.equal(new.pattern, operations.create_flow.parameters.Name.pattern)
    assert.equal(new.pattern, operations.create_schedule.parameters.ScheduleName.pattern)
  end)
end)
