--- Keys that an external program prints. It is run without a shell, for a limited time; its output is never shown.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local parse = require "fnf.credentials.parse"
local time = require "fnf.time"

local process = {}

local LIMIT = 64 * 1024 -- bytes of output
local TIMEOUT = 60 -- seconds (CREDENTIALS.md section 7)
local DISABLE = "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS"

--- Whether the environment forbids programs.
---@param context fnf.CallContext
---@return string|nil
function process.skip(context)
  local value = (context.getenv(DISABLE) or ""):lower()
  if value == "1" or value == "true" then
    return DISABLE .. " is set"
  end
end

--- The text in double quotes from `at` on, and the place after the closing one.
local function double_quoted(text, at)
  local parts = {}
  while true do
    local stop = text:find('[\\"]', at)
    if not stop then
      return nil
    end
    parts[#parts + 1] = text:sub(at, stop - 1)
    if text:sub(stop, stop) == '"' then
      return table.concat(parts), stop + 1
    end
    -- A backslash keeps its meaning before these only; before a line break both vanish.
    local escaped = text:match('^[$`"\\]', stop + 1)
    parts[#parts + 1] = escaped or text:sub(stop + 1, stop + 1) ~= "\n" and "\\" or ""
    at = stop + ((escaped or text:sub(stop + 1, stop + 1) == "\n") and 2 or 1)
  end
end

--- How a word goes on, by its next character: the piece, and the place after it; nil if a quote stays open.
local pieces = {
  ["'"] = function(text, at)
    local piece, after = text:match("^'([^']*)'()", at)
    return piece, after
  end,
  ['"'] = function(text, at)
    return double_quoted(text, at + 1)
  end,
  ["\\"] = function(text, at)
    local piece = text:sub(at + 1, at + 1)
    return piece ~= "" and (piece == "\n" and "" or piece) or nil, at + 2
  end,
}

local function plain(text, at)
  return text:match("^([^%s'\"\\]+)()", at)
end

--- The words of a command line.
---@param text string
---@return string[]|nil
---@return string|nil problem
function process.split(text)
  if text:find("%z") then
    return nil, "holds a NUL byte"
  end
  local list, word, at = {}, nil, 1
  while at <= #text do
    local blank = text:match("^%s+()", at)
    if blank then
      list[#list + 1], word, at = word and table.concat(word), nil, blank
    else
      local piece, after = (pieces[text:sub(at, at)] or plain)(text, at)
      if not piece then
        return nil, "has a quote that is not closed, or ends with a backslash"
      end
      word = word or {}
      word[#word + 1], at = piece, after
    end
  end
  list[#list + 1] = word and table.concat(word)
  if not list[1] then
    return nil, "is empty"
  end
  return list
end

local function read(text)
  local object = parse.object(text)
  if not object then
    return nil, errors.credentials("the program printed no JSON object of at most 64 KiB")
  elseif object.mode ~= "AK" and object.mode ~= "StsToken" then
    return nil, errors.credentials("the program printed a mode that is neither AK nor StsToken")
  end
  local fields = { access_key_id = object.access_key_id or "", access_key_secret = object.access_key_secret or "",
    expires = time.from_rfc3339(object.expiration) }
  if object.mode == "StsToken" then
    fields.security_token = object.sts_token or ""
  end
  -- Without a usable end it is run for every use.
  fields.single_use = not fields.expires or nil
  return parse.new(fields, "external")
end

---@param context fnf.CallContext
---@param settings { command: string|string[], timeout?: number }
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function process.fetch(context, settings)
  local list, problem = settings.command, process.skip(context)
  if problem then
    return nil, errors.credentials(problem)
  elseif not context.run then
    return nil, errors.credentials("no program can be run here")
  elseif type(list) == "string" then
    list, problem = process.split(list)
    if not list then
      return nil, errors.credentials("the command of the program " .. problem)
    end
  end
  local text, reason = context.run(list, { timeout = settings.timeout or TIMEOUT, limit = LIMIT })
  if errors.is(reason) then
    return nil, reason
  elseif not text then
    return nil, errors.credentials("the program that gives credentials failed: " .. reason)
  end
  return read(text)
end

return process
