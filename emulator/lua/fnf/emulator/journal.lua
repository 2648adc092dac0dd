--- What came in: the latest requests, how each action was answered, and the nonces that are used up.
-- SPDX-License-Identifier: MIT

local journal = {}

local KEPT = 2000

-- A timestamp may lie 15 minutes ahead and is good for 15 minutes after itself, so a nonce must be kept for 30.
local NONCE_KEPT = 1800

---@class fnf.emulator.Journal
---@field total integer requests so far
---@field entries table[] the latest ones
---@field answers table<string, table<string, integer>> by action and outcome
---@field young table<string, boolean> nonces: this generation is written, both are read
---@field old table<string, boolean>
---@field young_since number when the young generation began

---@param now number wall time, seconds
---@return fnf.emulator.Journal
function journal.new(now)
  return { total = 0, entries = {}, answers = {}, young = {}, old = {}, young_since = now }
end

--- Begins the entry of a request.
---@param self fnf.emulator.Journal
---@param entry table
---@return table entry
function journal.add(self, entry)
  self.total = self.total + 1
  entry.serial = self.total
  self.entries[(self.total - 1) % KEPT + 1] = entry
  return entry
end

--- Counts an answer.
---@param self fnf.emulator.Journal
---@param action string
---@param outcome string|integer status or name of a fault
function journal.count(self, action, outcome)
  local answers = self.answers[action] or {}
  self.answers[action] = answers
  answers[tostring(outcome)] = (answers[tostring(outcome)] or 0) + 1
end

--- The latest entries, oldest first.
---@param self fnf.emulator.Journal
---@return table[]
function journal.latest(self)
  local list = {}
  for serial = math.max(1, self.total - KEPT + 1), self.total do
    list[#list + 1] = self.entries[(serial - 1) % KEPT + 1]
  end
  return list
end

--- Remembers the nonce of a key.
---@param self fnf.emulator.Journal
---@param access_key_id string
---@param nonce string
---@param now number wall time, seconds
---@return boolean fresh false if the key has used it before
function journal.use_nonce(self, access_key_id, nonce, now)
  if now - self.young_since >= NONCE_KEPT then
    self.old = now - self.young_since >= 2 * NONCE_KEPT and {} or self.young
    self.young, self.young_since = {}, now
  end
  local name = #access_key_id .. ":" .. access_key_id .. nonce
  if self.young[name] or self.old[name] then
    return false
  end
  self.young[name] = true
  return true
end

return journal
