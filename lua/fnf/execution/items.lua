--- The items of an Input: where their list stands in its text, and the same text with only some of them. Pure.
-- SPDX-License-Identifier: MIT
--
-- Nothing is decoded and written anew: what is sent again is, byte for byte, what was sent before, so that no digit of
-- an id and no order of keys is lost. Only what is JSON is looked at, in linear time.

local json = require "fnf.json"
local number = require "fnf.number"

local items = {}

---- a text of JSON ----

--- Where the string ends that begins here.
local function skip_string(text, at)
  repeat
    at = text:find('["\\]', at + 1)
    local escape = text:byte(at) == 92
    at = escape and at + 1 or at
  until not escape
  return at
end

--- Where the value ends that begins here.
local function skip(text, at)
  if text:find('^"', at) then
    return skip_string(text, at)
  elseif not text:find("^[%[{]", at) then
    return (text:find("[%s,%]}]", at) or #text + 1) - 1
  end
  local depth = 0
  repeat
    at = text:find('["%[%]{}]', at)
    if text:byte(at) == 34 then
      at = skip_string(text, at)
    else
      depth = depth + (text:find("^[%[{]", at) and 1 or -1)
    end
    at = at + 1
  until depth == 0
  return at - 1
end

--- Call `visit(first, last, key)` for each value of the object or list that begins here.
local function each_value(text, at, visit)
  local is_object = text:find("^{", at)
  at = text:find("%S", at + 1)
  while not text:find("^[%]}]", at) do
    local key
    if is_object then
      local stop = skip_string(text, at)
      key, at = json.decode(text:sub(at, stop)), text:find("[^%s:]", stop + 1)
    end
    local stop = skip(text, at)
    visit(at, stop, key)
    at = text:find("[^%s,]", stop + 1)
  end
end

---- the list ----

---@class fnf.ItemList a list within the text of an Input
---@field before string the text up to its first item
---@field after string the text behind its last
---@field texts string[] its items as they are written

--- The only list in an object, or nil.
local function only_list(text, at)
  local found, several
  each_value(text, at, function(first)
    if text:find("^%[", first) then
      several, found = found, first
    end
  end)
  return not several and found or nil
end

local function member(text, at, name)
  local found
  each_value(text, at, function(first, _, key)
    found = key == name and first or found -- of several the last one counts, as for every reader
  end)
  return found
end

--- Where the list begins, or nil and what is there instead.
local function locate(text, path)
  local at = text:find("%S")
  if not path then
    local found = text:find("^%[", at) and at or text:find("^{", at) and only_list(text, at)
    return found, "the Input is no list and holds not exactly one"
  end
  for _, name in ipairs(path) do
    at = text:find("^{", at) and member(text, at, name)
    if not at then
      return nil, ("the Input has no %q where its items should be"):format(name)
    end
  end
  return text:find("^%[", at) and at, "what the Input holds where its items should be is no list"
end

--- The items of an Input.
---@param text string JSON
---@param path string[]|nil the names that lead to the list; nil: the Input itself, or the only list in it
---@return fnf.ItemList|nil
---@return string|nil reason
function items.find(text, path)
  local problem = json.problem(text)
  if problem then
    return nil, "the Input is no JSON: " .. problem
  end
  local at, reason = locate(text, path)
  if not at then
    return nil, reason
  end
  local list = { before = text:sub(1, at), after = text:sub(skip(text, at)), texts = {} }
  each_value(text, at, function(first, last)
    list.texts[#list.texts + 1] = text:sub(first, last)
  end)
  return list
end

--- The Input with these items only.
---@param list fnf.ItemList
---@param texts string[] those from `first` to `last`
---@param first integer
---@param last integer
---@return string
function items.with(list, texts, first, last)
  return list.before .. table.concat(texts, ",", first, last) .. list.after
end

---- which of them ----

--- A value as a text that is the same for all ways to write it.
local function canonical(value, out)
  if type(value) == "string" then
    out[#out + 1] = ("s%d:"):format(#value) .. value
    return
  elseif type(value) ~= "table" then
    out[#out + 1] = type(value) == "number" and number.write(value) or tostring(value)
    return
  end
  local keys = {}
  for key in pairs(value) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    if type(a) == type(b) then
      return a < b
    end
    return type(a) == "number"
  end)
  out[#out + 1] = "{"
  for _, key in ipairs(keys) do
    out[#out + 1] = ("%s%d:"):format(type(key):sub(1, 1), #tostring(key)) .. tostring(key) .. "="
    canonical(value[key], out)
    out[#out + 1] = ","
  end
  out[#out + 1] = "}"
end

--- What a text of JSON says, whoever wrote it; of what is no JSON, the text.
local function meaning(text)
  local value = json.decode(text)
  local out = {}
  if value == nil then
    return "?" .. text:gsub("%s+", "") -- null, or deeper than answers are read
  end
  canonical(value, out)
  return table.concat(out)
end

--- Those items of a list that the inputs of child executions name, each as often as it is named, in the list's order.
---@param list fnf.ItemList
---@param inputs string[]
---@return string[]|nil texts
---@return integer|nil stranger place among the inputs of one that no item of the list is
function items.pick(list, inputs)
  local places = {}
  for index = #list.texts, 1, -1 do
    local key = meaning(list.texts[index])
    places[key] = { index = index, next = places[key] }
  end
  local chosen = {}
  for index, input in ipairs(inputs) do
    local key = meaning(input)
    local place = places[key]
    if not place then
      return nil, index
    end
    places[key] = place.next
    chosen[#chosen + 1] = place.index
  end
  table.sort(chosen)
  for index, place in ipairs(chosen) do
    chosen[index] = list.texts[place]
  end
  return chosen
end

---- how many at once ----

--- How many of the items from `first` on make an Input of at most `limit` bytes.
local function fitting(count, first, limit, build)
  local low, high = 0, count - first + 1
  while low < high do
    local middle = math.ceil((low + high) / 2)
    if #build(first, first + middle - 1) <= limit then
      low = middle
    else
      high = middle - 1
    end
  end
  return low
end

---@class fnf.Piece
---@field Input string
---@field items integer in it

--- Items as Inputs of at most `limit` bytes, as few as there can be. An Input must not shrink as items are added.
---@param count integer
---@param limit integer bytes
---@param build fun(first: integer, last: integer): string the Input of these items
---@return fnf.Piece[]|nil
---@return integer|nil place of an item that does not fit by itself
function items.split(count, limit, build)
  local pieces, first, guess = {}, 1, count
  while first <= count do
    -- No more is tried than twice what fitted last: else every piece would build the whole rest, again and again.
    local most = math.min(count, first - 1 + 2 * guess)
    local text = build(first, most)
    local fits = #text <= limit and most - first + 1 or fitting(most, first, limit, build)
    if fits == 0 then
      return nil, first
    end
    pieces[#pieces + 1] = { Input = build(first, first + fits - 1), items = fits }
    first, guess = first + fits, fits
  end
  return pieces
end

return items
