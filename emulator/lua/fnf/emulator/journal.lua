--- The latest requests, oldest first, and how often each action was answered how; bounded in memory.
-- SPDX-License-Identifier: MIT

local journal = {}

local KEPT = 2000

---@param now number wall time, seconds
---@return table
function journal.new(now) return { since = now, total = 0, entries = {}, answers = {} } end

--- Begins the entry of a request.
---@param self table
---@param entry table
---@return table entry
function journal.add(self, entry)
  self.total = self.total + 1
  entry.serial = self.total
  self.entries[(self.total - 1) % KEPT + 1] = entry
  return entry
end

--- Counts an answer.
---@param self table
---@param action string
---@param outcome string|integer status or name of a fault
function journal.count(self, action, outcome)
  local answers = self.answers[action] or {}
  self.answers[action] = answers
  answers[tostring(outcome)] = (answers[tostring(outcome)] or 0) + 1
end

--- The latest entries, oldest first.
---@param self table
---@return table[]
function journal.latest(self)
  local list = {}
  for serial = math.max(1, self.total - KEPT + 1), self.total do
    list[#list + 1] = self.entries[(serial - 1) % KEPT + 1]
  end
  return list
end

return journal
