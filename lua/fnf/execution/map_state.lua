--- The Map state of a flow's definition: from where in the execution's Input it reads its items. Pure.
-- SPDX-License-Identifier: MIT
--
-- Definitions are JSON or YAML; for YAML lyaml is asked, if it is there. Keys are capitals in the present dialect
-- (States, ItemsPath) and begin with a small letter in the old one.

local ascii = require "fnf.ascii"
local errors = require "fnf.errors"
local json = require "fnf.json"

local map_state = {}

local yaml -- lyaml, once a definition has needed it

local function tree_of(definition)
  local tree = json.decode(definition)
  if type(tree) == "table" then
    return tree
  end
  local found, module = pcall(require, "lyaml")
  if errors.is_interrupt(module) then
    error(module, 0)
  elseif not found then -- maybe for now only: there is no descriptor left
    return nil, "the flow's definition is YAML, and lyaml is not installed (Debian: lua-yaml)"
  end
  yaml = module
  local done
  done, tree = pcall(yaml.load, definition)
  if not done or type(tree) ~= "table" then
    return nil, "the flow's definition is neither JSON nor YAML"
  end
  return tree
end

local function get(object, name)
  local value = object[name]
  if value == nil then
    value = object[ascii.lower(name:sub(1, 1)) .. name:sub(2)]
  end
  if yaml and value == yaml.null then
    return nil
  end
  return value
end

--- The state of this name, and whether the execution begins with it; without a name the only distributed Map.
---@return table|nil state
---@return boolean|string first or, without a state, the reason
local function find(tree, step_name)
  local states = get(tree, "States") or get(tree, "Steps")
  local start, found, first, several = get(tree, "StartAt"), nil, nil, false
  for index, state in ipairs(type(states) == "table" and states or {}) do
    state = type(state) == "table" and state or {}
    local name = get(state, "Name")
    local wanted = get(state, "ProcessorConfig") ~= nil
    if step_name then
      wanted = name == step_name
    end
    several = several or wanted and found ~= nil
    if wanted then
      found, first = state, start == name or not start and index == 1
    end
  end
  if several then
    return nil, "the flow has several Map states, and the history does not say which"
  end
  if not found then
    return nil, "the flow has no such state among its own; it may be inside of another"
  end
  return found, first
end

--- What makes other items than those of the Input, or takes them from elsewhere.
local MAKERS = {
  { "ItemReader", "reads its items from a file (ItemReader)" },
  { "ItemBatcher", "puts items together (ItemBatcher)" },
  { "ItemConstructor", "makes its items anew (ItemConstructor)" },
  { "ItemSelector", "makes its items anew (ItemSelector)" },
  { "InputConstructor", "makes its input anew (InputConstructor)" },
}

--- A path such as `$Input.orders`, `$.orders` or `$Context.Execution.Input["orders"]` as names.
---@param path string
---@return string[]|nil names nil if it is more than a plain path
---@return boolean whole it begins at the Input of the execution, not of the state
function map_state.read_path(path)
  local rest, whole = path:match("^%$Context%.Execution%.Input(.*)$"), true
  if not rest then
    rest, whole = path:match("^%$Input(.*)$") or path:match("^%$(.*)$"), false
  end
  local names = {}
  while rest and rest ~= "" do
    local name, more = rest:match("^%.([%w_\128-\255-]+)(.*)$")
    if not name then
      name, more = rest:match("^%[[\"']([^\"'%]]+)[\"']%](.*)$")
    end
    names[#names + 1], rest = name, more
  end
  return rest and names or nil, whole
end

--- The names that lead to the list in the Input of the execution.
---@param definition string
---@param step_name? string of the Map state; the only distributed one by default
---@return string[]|false|nil path false: the Input itself, or the only list in it
---@return string|nil reason why nobody can say
function map_state.items_path(definition, step_name)
  local tree, problem = tree_of(definition)
  if not tree then
    return nil, problem
  end
  local state, first = find(tree, step_name)
  if not state then
    return nil, first --[[@as string]]
  end
  for _, maker in ipairs(MAKERS) do
    if get(state, maker[1]) ~= nil then
      return nil, "the Map state " .. maker[2]
    end
  end
  local written = get(state, "ItemsPath")
  local names, whole = false, false
  if type(written) == "string" then
    names, whole = map_state.read_path(written)
  elseif written ~= nil then
    names = nil
  end
  if names == nil then
    return nil, "the Map state's ItemsPath is no plain path into the Input"
  elseif not whole and not first then
    return nil, "the Map state reads what the states before it made, not the Input of the execution"
  end
  return names
end

return map_state
