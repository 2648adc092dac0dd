--- The nonces seen lately, forgotten when a request that carries one would be refused for its age anyway.
-- SPDX-License-Identifier: MIT

local nonces = {}

-- A timestamp may lie 15 minutes ahead and is good for 15 minutes after itself, so a nonce must be kept for 30.
local KEPT = 1800

---@class fnf.emulator.Nonces two generations: the younger is written, both are read
---@field young table<string, boolean>
---@field old table<string, boolean>
---@field since number when the young generation began

---@param now number wall time, seconds
---@return fnf.emulator.Nonces
function nonces.new(now) return { young = {}, old = {}, since = now } end

--- Remembers the nonce of this key.
---@param self fnf.emulator.Nonces
---@param access_key_id string
---@param nonce string
---@param now number wall time, seconds
---@return boolean fresh false if the key has used it before
function nonces.use(self, access_key_id, nonce, now)
  if now - self.since >= KEPT then
    self.old = now - self.since >= 2 * KEPT and {} or self.young
    self.young, self.since = {}, now
  end
  local name = #access_key_id .. ":" .. access_key_id .. nonce
  if self.young[name] or self.old[name] then return false end
  self.young[name] = true
  return true
end

return nonces
