--- Several sources asked in turn; the one that worked is remembered and asked alone from then on.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"

local chain = {}

---@class fnf.Link
---@field name string
---@field fetch fun(context: fnf.CallContext): fnf.Credentials|nil, fnf.Error|nil
---@field skip? fun(context: fnf.CallContext): string|nil why it takes no part

--- One error of all: a line, and a block with a line for each source.
local function fail(tried, hint)
  local reasons, lines, retryable = {}, { "no credentials found; asked in this order:" }, nil
  for _, try in ipairs(tried) do
    reasons[#reasons + 1] = ("%s: %s"):format(try.name, try.err.message)
    lines[#lines + 1] = ("  %-16s%s"):format(try.name, try.err.message)
    retryable = retryable or try.err.retryable
  end
  local err = errors.credentials("no credentials found")
  err.retryable = retryable
  -- Each reason is clean already; together they may be longer than one message should.
  err.message = ("no credentials found (%s); %s"):format(table.concat(reasons, "; "), hint)
  err.details = table.concat(lines, "\n") .. "\n" .. hint
  return err
end

local function ask(link, context, prefix)
  local found, err = link.fetch(context)
  if found then
    found.source = prefix .. found.source
  end
  return found, err
end

--- A fetch function over the links.
---@param links fnf.Link[]
---@param prefix string of the source's name: "default/"
---@param hint string what to do if none gives any
---@return fun(context: fnf.CallContext): fnf.Credentials|nil, fnf.Error|nil
function chain.new(links, prefix, hint)
  local chosen
  return function(context)
    if chosen then
      return ask(chosen, context, prefix)
    end
    local tried = {}
    for _, link in ipairs(links) do
      local found, err
      local reason = link.skip and link.skip(context)
      if reason then
        err = errors.credentials(reason)
      else
        found, err = ask(link, context, prefix)
      end
      if found then
        chosen = link
        found.passed_over = tried
        return found
      elseif errors.is_own(err) or context.left() <= 0 then
        return nil, err
      end
      tried[#tried + 1] = { name = link.name, err = err }
    end
    return nil, fail(tried, hint)
  end
end

return chain
