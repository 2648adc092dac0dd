--- Keys that an external program prints. It is run without a shell, for a limited time; its output is never shown.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local record = require "fnf.credentials.parse"
local time = require "fnf.time"
local words = require "fnf.credentials.words"

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

local function read(text)
  local object = record.object(text)
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
  return record.new(fields, "external")
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
    list, problem = words.split(list)
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
