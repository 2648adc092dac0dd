--- Why a child execution ended: read out of its events, and brought to a form that many causes have in common. Pure.
-- SPDX-License-Identifier: MIT

local ascii = require "fnf.ascii"
local event_detail = require "fnf.execution.event_detail"

local cause = {}

---- out of events ----

local ERROR = { "error", "errorcode", "errorname", "errortype", "code" }
local CAUSE = { "cause", "errormessage", "message", "reason", "detail" }

local ENDINGS = { failed = true, timedout = true, stopped = true, aborted = true, cancelled = true }

--- Of whose end an event tells, "execution" or another; nil if it tells of no bad one.
local function ending_of(event)
  local kind = ascii.lower(tostring(event.Type))
  for ending in pairs(ENDINGS) do
    local whose = kind:match("^(.*)" .. ending .. "$")
    if whose then
      return whose
    end
  end
end

--- What the detail of an event says, in whatever words; the text itself if it is no JSON.
---@param detail any EventDetail
---@return string|nil error
---@return string|nil cause
function cause.in_detail(detail)
  local opened = event_detail.open(detail)
  if not opened then
    return nil, type(detail) == "string" and detail:find("%S") and detail or nil
  end
  local output = event_detail.open(event_detail.member(opened, "output"))
  return event_detail.search(opened, ERROR) or output and event_detail.search(output, ERROR),
    event_detail.search(opened, CAUSE) or output and event_detail.search(output, CAUSE)
end

---@class fnf.Ending what the events seen so far say of a bad end
---@field Error? string
---@field Cause? string
---@field package whole? boolean it was the execution's own end that said so
local Ending = {}
Ending.__index = Ending

---@return fnf.Ending
function cause.ending()
  return setmetatable({}, Ending)
end

--- Take in the next event. The end of the execution goes before that of a step, a later one before an earlier one; what
--- the one leaves open the other may tell.
---@param event any of GetExecutionHistory
function Ending:see(event)
  local whose = type(event) == "table" and ending_of(event)
  if not whose or self.whole and whose ~= "execution" then
    return
  end
  local name, reason = cause.in_detail(event.EventDetail)
  if name or reason then
    self.Error, self.Cause = name or whose == "execution" and self.Error or nil,
      reason or whose == "execution" and self.Cause or nil
    self.whole = whose == "execution"
  end
end

---- the common form ----

local MOST = 2048 -- bytes of a cause that are looked at
local LONGEST = 160 -- bytes of a form

local MESSAGE = { "errormessage", "message", "cause", "error" }

--- A word without what differs from item to item.
local function common_word(word)
  local digits = #word:gsub("%D", "")
  if digits == 0 then
    return nil
  elseif digits == #word then
    return "N"
  elseif #word >= 8 and not word:find("%X") or #word >= 16 then
    return "ID" -- a hash, or a random name
  end
  return (word:gsub("%d+", "N"))
end

--- Cut a text without breaking a character of UTF-8.
---@param text string
---@param most integer bytes
---@return string
function cause.cut(text, most)
  if #text <= most then
    return text
  end
  return (text:sub(1, most):gsub("[\192-\255][\128-\191]*$", "")) .. "..."
end

--- What a cause has in common with those of other items: numbers, times, hashes and quoted words are replaced, blanks
--- made one. Of a cause that is JSON with a message in it, the message.
---@param text string|nil
---@return string
function cause.form(text)
  text = type(text) == "string" and text or ""
  if text:find("^%s*{") and #text <= 16 * MOST then
    local opened = event_detail.open(text)
    text = opened and event_detail.search(opened, MESSAGE) or text
  end
  text = text:sub(1, MOST)
  text = text:gsub('"[^"]*"', "'...'"):gsub("`[^`]*`", "'...'"):gsub("%f[%w']'[^']*'%f[^%w']", "'...'")
  text = text:gsub("%d%d%d%d%-%d%d%-%d%d[T ]?[%d:.]*Z?", "TIME")
  text = text:gsub("%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x", "ID")
  text = text:gsub("%w+", common_word):gsub("N[.,:]%f[N]", ""):gsub("N%f[N]", "")
  text = text:gsub("[%z\1-\32\127]+", " "):gsub("^ ", ""):gsub(" $", "")
  return cause.cut(text, LONGEST)
end

return cause
