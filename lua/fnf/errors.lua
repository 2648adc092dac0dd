--- The error object: what the world did to a call, in one table and one log line.
-- SPDX-License-Identifier: MIT

local errors = {}

---@class fnf.Error
---@field kind "credentials"|"network"|"timeout"|"tls"|"protocol"|"service"|"cancelled"|"memory"
---@field code? string the service's code, such as "ResourceThrottled" (kind "service")
---@field status? integer the HTTP status
---@field message string one line, without anything secret
---@field request_id? string the service's id of the request
---@field operation? string the operation asked for, such as "DescribeMapRun"
---@field attempts? integer how often it was sent
---@field retryable? boolean whether the same call may succeed later
---@field retry_after? number seconds the service asked to wait
---@field outcome_unknown? boolean a write that failed may have been carried out all the same, by any of its attempts
---@field execution_name? string of an execution that may have been started
---@field sent? boolean false if the request certainly never left this machine
---@field cause? fnf.Error why there is no key (kind "credentials"), if a call for one failed
---@field details? string several lines: each source of the default chain and its reason
---@field last? table from a wait: the last good answer
---@field map_runs? table[] from client:run: the MapRuns found, as last described
---@field stopped? boolean from client:run with stop_on_cancel: whether the stop was accepted
---@field observed? table from a wait: what was seen, counted
local Error = { __name = "fnf.Error" }
Error.__index = Error

local LONGEST = 500 -- bytes of a message: a log line, not a page
local MOST = 2000 -- bytes looked at: an answer may have megabytes, and some patterns take the square of the time
local SECRETS = { "[Ss]ignature", "[Tt]oken", "[Ss]ecret", "[Aa]uthorization" } -- what a value follows

--- One line of text without secrets: no string to sign (the service echoes it with every parameter), no query, no
--- user info, no signature, no token.
---@param text any
---@return string
function errors.clean(text)
  text = tostring(text):sub(1, MOST)
  text = text:gsub("[Ss]tring%s?[Tt]o%s?[Ss]ign%s+is.*", "string to sign is: (cut)"):gsub("%u+&%%2F&%S*", "(cut)")
  text = text:gsub("([Uu]nsupported proxy %a+).*", "%1") -- libcurl repeats the whole address
  text = text:gsub("//[^/%s@]*@", "//"):gsub("%?[^%s\"'<>]*=[^%s\"'<>]*", "?...")
  for _, word in ipairs(SECRETS) do
    text = text:gsub("(" .. word .. "[\"']?%s*[=:]%s*[\"']?)[^%s&,\"']+", "%1...")
    text = text:gsub("(" .. word .. "%%)%S*", "%1...")
  end
  text = text:gsub("[%c%s]+", " "):gsub("^ ", ""):gsub(" $", "")
  if #text > LONGEST then
    text = text:sub(1, LONGEST) .. "..."
  end
  return text
end

--- Make an error; its texts are cleaned.
---@param fields table
---@return fnf.Error
function errors.new(fields)
  fields.message = errors.clean(fields.message or fields.code or fields.kind)
  fields.code = fields.code and errors.clean(fields.code)
  fields.request_id = fields.request_id and errors.clean(fields.request_id)
  return setmetatable(fields, Error)
end

--- Take a secret out of an error's texts, whatever brought it there. One of a few letters could be part of a word.
---@param err fnf.Error
---@param secret string|nil
function errors.hide(err, secret)
  local pattern = secret and #secret >= 8 and secret:gsub("%W", "%%%0")
  for _, field in ipairs(pattern and { "message", "code", "request_id" } or {}) do
    err[field] = err[field] and err[field]:gsub(pattern, "...")
  end
end

--- What a call ends with once its `cancel` said so.
---@return fnf.Error
function errors.cancelled()
  return errors.new { kind = "cancelled", message = "cancelled by the caller" }
end

--- There was no memory to go on with; the same may succeed once there is.
---@param message string
---@param sent boolean|nil false if the request certainly never left this machine
---@return fnf.Error
function errors.memory(message, sent)
  return errors.new { kind = "memory", message = message, retryable = true, sent = sent }
end

--- Whether an error says nothing about what was asked: the caller gave up, or this machine has no memory.
---@param err fnf.Error
---@return boolean
function errors.is_own(err)
  return err.kind == "cancelled" or err.kind == "memory"
end

--- No key to sign with, so nothing was sent.
---@param message string
---@param cause? fnf.Error what went wrong on the way to it; it says whether the same may succeed later
---@return fnf.Error
function errors.credentials(message, cause)
  return errors.new { kind = "credentials", message = message, cause = cause, sent = false,
    retryable = cause and cause.retryable or nil }
end

--- The same error once more, for another caller to be told: what is noted in one stays out of the other.
---@param err fnf.Error
---@return fnf.Error
function errors.copy(err)
  local copied = {}
  for name, value in pairs(err) do
    copied[name] = value
  end
  return setmetatable(copied, Error)
end

---@param value any
---@return boolean
function errors.is(value)
  return getmetatable(value) == Error
end

--- One log line: "DescribeMapRun: ResourceThrottled (429): The request is throttled. [3 attempts, request 5F..]"
function Error:__tostring()
  local parts = {}
  parts[#parts + 1] = self.operation
  if self.code then
    parts[#parts + 1] = self.status and ("%s (%d)"):format(self.code, self.status) or self.code
  else
    parts[#parts + 1] = self.status and ("%s (%d)"):format(self.kind, self.status) or self.kind
  end
  parts[#parts + 1] = self.message
  local notes = {}
  if self.attempts and self.attempts > 1 then
    notes[1] = self.attempts .. " attempts"
  end
  if self.request_id then
    notes[#notes + 1] = "request " .. self.request_id
  end
  local line = table.concat(parts, ": ")
  return #notes > 0 and ("%s [%s]"):format(line, table.concat(notes, ", ")) or line
end

--- "failed: " .. err is the line too.
function Error.__concat(a, b)
  return tostring(a) .. tostring(b)
end

return errors
