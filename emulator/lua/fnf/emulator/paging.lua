--- Lists in pages: Limit, and a NextToken that says after which entry the next page begins.
-- Entries that come or go between two pages shift nothing. The token is opaque, with characters that a client has to
-- encode; the real one's form is not documented.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.emulator.errors"

local paging = {}

--- The rows of both parameters. No default is documented for some lists; 60 is that of the others.
---@param maximum? integer
---@return table[]
function paging.parameters(maximum)
  return { name = "Limit", type = "integer", minimum = 1, maximum = maximum, default = 60 }, { name = "NextToken" }
end

---@param mark string|number
---@return string
function paging.token(mark)
  return ngx.encode_base64("after " .. mark)
end

--- What a token says.
---@param token? string
---@return string? mark nil for the first page
---@return fnf.emulator.Refusal?
function paging.mark(token)
  if (token or "") == "" then
    return nil
  end
  local mark = (ngx.decode_base64(token) or ""):match "^after (.*)$"
  if not mark then
    return nil, errors.refuse("InvalidArgument", "NextToken is not from an answer of this list.")
  end
  return mark
end

--- The same for a list of numbered entries.
---@param token? string
---@return integer? mark
---@return fnf.emulator.Refusal?
function paging.number(token)
  local mark, refusal = paging.mark(token)
  if mark and not mark:find "^%d+$" then
    return nil, errors.refuse("InvalidArgument", "NextToken is not from an answer of this list.")
  end
  return tonumber(mark), refusal
end

--- A page out of numbered entries: those that pick(number) does not leave out.
---@param limit integer
---@param range integer[] from, to, step
---@param pick fun(number: integer): any
---@return table entries
---@return integer? last the number of the last entry if more follow it
function paging.gather(limit, range, pick)
  local entries, last = {}, nil
  for number = range[1], range[2], range[3] do
    local entry = pick(number)
    if entry and #entries == limit then
      return entries, last
    end
    if entry then
      entries[#entries + 1] = entry
      last = number
    end
  end
  return entries
end

--- A page out of a table by name, in the order of the names.
---@param values { Limit: integer, NextToken?: string }
---@param named table<string, any>
---@param pick fun(entry: any): any nil leaves it out
---@return table? entries
---@return string|fnf.emulator.Refusal|nil token of the next page, or the refusal
function paging.by_name(values, named, pick)
  local mark, refusal = paging.mark(values.NextToken)
  if refusal then
    return nil, refusal
  end
  local names = {}
  for name in pairs(named) do
    if not mark or name > mark then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  local entries, last = paging.gather(values.Limit, { 1, #names, 1 }, function(number)
    return pick(named[names[number]])
  end)
  return entries, last and paging.token(names[last])
end

return paging
