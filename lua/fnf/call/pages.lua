--- Lists of any length: page after page by NextToken, in constant memory.
-- SPDX-License-Identifier: MIT

local check = require "fnf.check"
local errors = require "fnf.errors"
local nearest = require "fnf.nearest"
local number = require "fnf.number"
local operations = require "fnf.operations"

local pages = {}

--- The row of a list by the service's name of the operation.
---@param action any
---@return fnf.Operation|nil
function pages.find(action)
  for _, row in pairs(operations) do
    if row.items and row.action == action then
      return row
    end
  end
end

--- What is wrong with asking for the pages of a list, or nil.
---@param params any
---@param _ table options
---@param action any
---@return string|nil
function pages.validate(params, _, action)
  local row = pages.find(action)
  if row then
    return check.table(params, row.parameters, "parameter")
  end
  local names = {}
  for _, list in pairs(operations) do
    if list.items then
      names[list.action] = true
    end
  end
  local meant = nearest.find(action, names)
  return ("the name of a list expected first, such as \"ListFlows\"%s"):format(
    meant and (" (did you mean %s?)"):format(meant) or "")
end

---@class fnf.Walk the way through a list; one page is kept, and no past
---@field package ended boolean no page follows the last one
local Walk = {}
Walk.__index = Walk

--- A walk from the start, or from the caller's NextToken.
---@param client fnf.Client
---@param row fnf.Operation one with `items`
---@param params table
---@param options? table of every single request
---@return fnf.Walk
function pages.walk(client, row, params, options)
  local own = {}
  for name, value in pairs(params) do
    own[name] = value
  end
  return setmetatable({ client = client, row = row, params = own, options = options, ended = false, steps = 0,
    lap = 1 }, Walk)
end

local function senseless(walk, message)
  return errors.new { kind = "protocol", operation = walk.row.action, message = message, retryable = false }
end

--- Whether a token comes again, in constant memory: one token is kept as a mark, for laps of growing length, so that
--- any circle closes on it at last (Brent's way).
local function comes_again(walk, token)
  if token == walk.mark then
    return true
  end
  walk.steps = walk.steps + 1
  if walk.steps >= walk.lap then
    walk.mark, walk.steps, walk.lap = token, 0, walk.lap * 2
  end
  return false
end

--- Note where the next page is. A missing or empty token ends the list; the token of a history may be a number.
local function advance(walk, token)
  if token == nil or token == "" then
    walk.ended = true
    return
  end
  token = type(token) == "number" and number.write(token) or tostring(token)
  if token == walk.params.NextToken or comes_again(walk, token) then
    walk.broken = senseless(walk, "a NextToken that was given before: the list would never end")
    return
  end
  walk.params.NextToken = token
end

--- The next page: nil after the last one, nil and an error if there is none to be had. A failed page may be asked for
--- again by the same call.
---@param options? table of this request
---@return table|nil page
---@return fnf.Error|nil
function Walk:next(options)
  if self.broken then
    return nil, self.broken
  elseif self.ended then
    return nil
  end
  local page, err = self.client:perform(self.row, self.params, options or self.options)
  if not page then
    return nil, err
  end
  local items = page[self.row.items]
  if items ~= nil and type(items) ~= "table" then
    return nil, senseless(self, self.row.items .. " is no list")
  end
  advance(self, page.NextToken)
  return page
end

--- Ask for pages of at most so many entries from now on.
---@param limit integer
---@return boolean shorter than before
function Walk:shorten(limit)
  local before = self.params.Limit or math.huge
  self.params.Limit = math.min(before, limit)
  return limit < before
end

--- Make the last page the next one: a list that still grows has grown there.
function Walk:again()
  self.ended = false
end

--- Go back to the first page; false if the walk never left it.
---@return boolean
function Walk:rewind()
  local left = self.params.NextToken ~= nil
  self.params.NextToken, self.ended, self.broken = nil, false, nil
  self.mark, self.steps, self.lap = nil, 0, 1
  return left
end

--- A function that returns a page at each call, as `Walk:next`.
---@param client fnf.Client
---@param row fnf.Operation
---@param params table
---@param options table
---@return fun(): table|nil, fnf.Error|nil
function pages.each(client, row, params, options)
  local walk = pages.walk(client, row, params, options)
  return function()
    return walk:next()
  end
end

--- An iterator over the entries of all pages, for the loop `for entry in ...`. It raises the error object.
---@param client fnf.Client
---@param row fnf.Operation
---@param params table
---@param options table
---@return fun(): table|nil
function pages.items(client, row, params, options)
  local walk = pages.walk(client, row, params, options)
  local items, at = {}, 0
  return function()
    at = at + 1
    while items[at] == nil do
      local page, err = walk:next()
      if err then
        error(err, 0)
      elseif not page then
        return nil
      end
      items, at = page[row.items] or {}, 1
    end
    return items[at]
  end
end

return pages
