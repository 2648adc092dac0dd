--- Letters of protocols in lower case, whatever the host's locale. Pure.
-- SPDX-License-Identifier: MIT
--
-- In Turkish string.lower has another i for I, so that no CONTENT-ENCODING is a content-encoding.

local ascii = {}

local LOWER = {}
for byte = ("A"):byte(), ("Z"):byte() do
  LOWER[string.char(byte)] = string.char(byte + 32)
end

--- The text with A-Z in lower case; other bytes stay.
---@param text string
---@return string
function ascii.lower(text)
  return (text:gsub("[A-Z]", LOWER))
end

return ascii
