--- Text in a gzip wrapping without compression, for a client that must refuse or survive one.
-- SPDX-License-Identifier: MIT

local gzip = {}

local BLOCK = 65535

local function little_endian(value, bytes)
  local out = {}
  for index = 1, bytes do
    out[index] = string.char(value % 256)
    value = math.floor(value / 256)
  end
  return table.concat(out)
end

--- The text as a gzip file of stored blocks. Runs inside nginx only (its CRC).
---@param text string
---@return string
function gzip.wrap(text)
  local parts = { "\31\139\8\0\0\0\0\0\0\255" }
  for from = 1, math.max(1, #text), BLOCK do
    local block = text:sub(from, from + BLOCK - 1)
    local last = from + BLOCK > #text and "\1" or "\0"
    parts[#parts + 1] = last .. little_endian(#block, 2) .. little_endian(65535 - #block, 2) .. block
  end
  parts[#parts + 1] = little_endian(ngx.crc32_long(text), 4) .. little_endian(#text, 4)
  return table.concat(parts)
end

return gzip
