--- A configuration or token file, read in one go, of at most 64 KiB.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"

local file = {}

local LIMIT = 64 * 1024 -- bytes: none of these files is a hundredth of it
local READ_BY_GROUP, READ_BY_ALL = 32, 4 -- permission bits

local function has(mode, bit)
  return math.floor(mode / bit) % 2 == 1
end

--- The text of a file.
---@param context fnf.CallContext
---@param path string
---@param what string the file in words: "the CLI's configuration"
---@return string|nil
---@return fnf.Error|integer mode or what went wrong
function file.read(context, path, what)
  local text, mode = context.read(path, LIMIT)
  if not text then
    return nil, errors.credentials(("cannot read %s %s (%s)"):format(what, path, mode))
  end
  return text, mode
end

--- The text of a file that holds keys: that others can read it is worth a warning.
---@param context fnf.CallContext
---@param path string
---@param what string
---@return string|nil
---@return fnf.Error|nil
function file.read_private(context, path, what)
  local text, mode = file.read(context, path, what)
  if not text then
    return nil, mode
  elseif has(mode, READ_BY_GROUP) or has(mode, READ_BY_ALL) then
    context.tell("warning", { message = ("%s %s holds keys, and others can read it; chmod 600"):format(what, path) })
  end
  return text
end

return file
