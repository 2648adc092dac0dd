--- What the emulator takes out of a flow definition: its name, and its states with what their simulation needs.
-- SPDX-License-Identifier: MIT

local json = require "fnf.emulator.json"

local has_yaml, lyaml = pcall(require, "lyaml")
if not has_yaml then
  error("the emulator needs lyaml (libyaml): on Debian `apt install lua-yaml`, elsewhere "
    .. "`luarocks --lua-version=5.1 install lyaml`", 0)
end

local definition = {}

---@class fnf.emulator.State
---@field Name string
---@field Type string "Pass", "Map", ...
---@field map? table a distributed Map: Concurrency, ToleratedFailedCount, ToleratedFailedPercentage, ItemsPath, reads
---@field waits? boolean for a report
---@field duration? number seconds that the state itself says
---@field Error? string of a Fail state
---@field Cause? string

--- A plain scalar of YAML: true and false, decimal numbers, null, else text. The rest of YAML 1.1 (yes, on, octal
--- numbers, dates) would only make something else of names.
local function scalar(text)
  if text == "" or text == "~" or text == "null" then
    return lyaml.null
  elseif text == "true" or text == "false" then
    return text == "true"
  end
  return text:find "^[+-]?%d" and tonumber(text) or text
end

--- The tree of a text. What is neither JSON nor YAML reads as empty: the emulator checks nobody's definition. JSON has
--- a reader of its own, since libyaml does not take all of it (surrogates, keys above 1,024 bytes).
local function tree_of(source)
  local tree = source:find "^%s*{" and json.decode(source)
  if type(tree) ~= "table" then
    local read, value = pcall(lyaml.load, source, { implicit_scalar = scalar })
    tree = read and value
  end
  return type(tree) == "table" and tree or {}
end

-- Keys are capitals in the present dialect (StateMachine, States) and lower case in the old one (flow, steps).
local function get(object, name)
  local value = object[name]
  if value == nil then
    value = object[name:sub(1, 1):lower() .. name:sub(2)]
  end
  if value == lyaml.null then
    return nil
  end
  return value
end

local function text(value)
  if value == nil or type(value) == "table" then
    return nil
  end
  return tostring(value)
end

local function whole(value, minimum)
  value = tonumber(value)
  return value and value % 1 == 0 and value >= minimum and value <= 1000000 and value or nil
end

local function percentage(value)
  value = tonumber(value)
  return value and value >= 0 and value <= 100 and value or nil
end

-- Older pages call a Map distributed whose ExecutionMode is Express, newer ones allow both modes; the flow language has
-- "Failure" where the API has "Failed".
local function map_of(state)
  if not get(state, "ProcessorConfig") then
    return nil
  end
  return {
    Concurrency = whole(get(state, "MaxConcurrency"), 1),
    ToleratedFailedCount = whole(get(state, "ToleratedFailureCount"), 0),
    ToleratedFailedPercentage = percentage(get(state, "ToleratedFailurePercentage")),
    ItemsPath = text(get(state, "ItemsPath")), reads = get(state, "ItemReader") ~= nil,
  }
end

local function state_of(state, position)
  local kind = text(get(state, "Type")) or "Pass"
  kind = kind:sub(1, 1):upper() .. kind:sub(2)
  local duration = kind == "Wait" and tonumber(get(state, "Duration"))
  return {
    Name = text(get(state, "Name")) or kind .. position, Type = kind,
    map = kind == "Map" and map_of(state) or nil,
    waits = get(state, "TaskMode") == "WaitForCustomCallback" or get(state, "Pattern") == "waitForCallback",
    duration = duration and duration >= 0 and duration < 1e9 and duration or nil,
    Error = text(get(state, "Error") or get(state, "Code")), Cause = text(get(state, "Cause") or get(state, "Detail")),
  }
end

-- Where the flow goes on behind a state; what needs computing (Choices) is passed over. Nil at an end.
local function following(state, position, positions)
  if get(state, "End") == true or (text(get(state, "Type")) or ""):lower() == "succeed" then
    return nil
  end
  return positions[text(get(state, "Next")) or text(get(state, "Default")) or ""] or position + 1
end

-- The states that are passed, in their order. A flow that leads back to where it was ends there.
local function path(written, start)
  local positions, passed, states = {}, {}, {}
  for position, state in ipairs(written) do
    if type(state) ~= "table" then
      state = {}
    end
    positions[text(get(state, "Name")) or position] = position
  end
  local position = positions[start or ""] or 1
  while position and written[position] ~= nil and not passed[position] do
    passed[position] = true
    local state = written[position]
    if type(state) == "table" then
      states[#states + 1] = state_of(state, position)
      position = following(state, position, positions)
    else
      position = position + 1
    end
  end
  return states
end

--- Reads a definition; its states in the order in which they are passed, without those inside of others.
---@param source string YAML or JSON
---@return { Name?: string, states: fnf.emulator.State[] }
function definition.read(source)
  local tree = tree_of(source)
  local written = get(tree, "States") or get(tree, "Steps")
  local states = path(type(written) == "table" and written or {}, text(get(tree, "StartAt")))
  return { Name = text(get(tree, "Name")), states = states }
end

local function only_list(input)
  local found
  for _, value in ipairs(json.parts(input) or {}) do
    if value:find "^%[" and json.parts(value)[1] then
      if found then
        return nil
      end
      found = value
    end
  end
  return found
end

local function at_path(input, items_path)
  for name in items_path:gsub("^%$Input", ""):gsub("^%$", ""):gmatch "[^.%[%]\"']+" do
    input = input and json.member(input, name)
  end
  return input
end

--- The items of a Map state, each as it is written: those of the list at its ItemsPath (`$Input.orders`, `$.orders`),
--- without one those of the only list in the input; none if there is none.
---@param map table
---@param input? string JSON
---@return string[]? items nil where they come from a file
function definition.items(map, input)
  if map.reads then
    return nil
  end
  input = input and input:match "^%s*(.*)$" or ""
  local list = input
  if map.ItemsPath then
    list = at_path(input, map.ItemsPath)
  elseif input:find "^{" then
    list = only_list(input)
  end
  return list and list:find "^%[" and json.parts(list) or {}
end

return definition
