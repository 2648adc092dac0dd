--- Signs every vector by the emulator's own reading, in LuaJIT, and prints what differs, then a count.
-- SPDX-License-Identifier: MIT

local signature = require "fnf.emulator.signature"
local json = require("cjson").new()

local function flat(list)
  local out = {}
  for _, pair in ipairs(list or {}) do
    out[#out + 1], out[#out + 2] = pair[1], pair[2]
  end
  return out
end

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function decode_base64(text)
  local out, bits, width = {}, 0, 0
  for digit in text:gmatch "[%w+/]" do
    bits, width = bits * 64 + DIGITS:find(digit, 1, true) - 1, width + 6
    if width >= 8 then
      local low = 2 ^ (width - 8)
      out[#out + 1] = string.char(math.floor(bits / low))
      bits, width = bits % low, width - 8
    end
  end
  return table.concat(out)
end

local function stages_of(vector)
  local input = vector.input
  local request = {
    method = input.http_method, query_pairs = flat(input.query), form_pairs = flat(input.body.params),
    header_pairs = flat(input.headers), body = decode_base64(input.body.base64),
  }
  if vector.family == "RPC" then
    return signature.rpc(request, input.access_key_secret)
  end
  return signature.acs3(request, input.access_key_secret, vector.algorithm)
end

local file = assert(io.open(arg[1], "rb"))
local vectors = json.decode(file:read "*a").vectors
file:close()

local same = 0
for _, vector in ipairs(vectors) do
  if vector.algorithm ~= "ACS3-RSA-SHA256" then -- the emulator does not take it
    local stages = stages_of(vector)
    for name, text in pairs(vector.expected) do
      if stages[name] and stages[name] ~= text then
        print(("%s, %s: %s is %s"):format(vector.id, vector.title, name, stages[name]))
      end
    end
    same = same + (stages.signature == vector.expected.signature and 1 or 0)
  end
end
print(same .. " signatures agree")
