-- Writes spec/vectors/signing.json as C data: `lua vectors.lua signing.json > vectors.c`.
-- SPDX-License-Identifier: MIT

local json = require("cjson").new()

local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function decode_base64(text)
  local out, bits, width = {}, 0, 0
  for digit in text:gmatch("[%w+/]") do
    bits, width = bits * 64 + digits:find(digit, 1, true) - 1, width + 6
    if width >= 8 then
      local low = 2 ^ (width - 8)
      out[#out + 1] = string.char(math.floor(bits / low))
      bits, width = bits % low, width - 8
    end
  end
  return table.concat(out)
end

-- Three octal digits an odd byte: nothing that follows can be taken for part of it.
local function literal(text)
  local escaped = text:gsub('[^%w %-_.,;:/&=+*~]', function(byte)
    return ("\\%03o"):format(byte:byte())
  end)
  return ('{"%s", %d}'):format(escaped, #text)
end

local function pairs_of(list)
  if #list == 0 then
    return "{NULL, 0}"
  end
  local out = {}
  for i, pair in ipairs(list) do
    out[i] = ("{%s, %s}"):format(literal(pair[1]), literal(pair[2]))
  end
  return ("{(const struct fnf_pair[]){%s}, %d}"):format(table.concat(out, ", "), #list)
end

-- wire_url is no stage: the order of its parameters is free.
local function stages_of(vector)
  local list = {}
  for name, text in pairs(vector.expected) do
    if name ~= "wire_url" then
      list[#list + 1] = { name, text }
    end
  end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  return list
end

local function write(vector)
  local input = vector.input
  assert(input.path == "/", "the core signs for / alone")
  io.write(("    {.id = %s,\n"):format(literal(vector.id .. " " .. vector.title)))
  io.write(("     .algorithm = %s,\n"):format(literal(vector.algorithm)))
  io.write(("     .method = %s,\n"):format(literal(input.http_method)))
  io.write(("     .access_key_id = %s,\n"):format(literal(input.access_key_id)))
  io.write(("     .secret = %s,\n"):format(literal(input.access_key_secret)))
  io.write(("     .body = %s,\n"):format(literal(decode_base64(input.body.base64))))
  io.write(("     .query = %s,\n"):format(pairs_of(input.query)))
  io.write(("     .headers = %s,\n"):format(pairs_of(input.headers)))
  io.write(("     .form = %s,\n"):format(pairs_of(input.body.params or {})))
  io.write(("     .expected = %s},\n"):format(pairs_of(stages_of(vector))))
end

local file = assert(io.open(arg[1], "rb"))
local vectors = json.decode(file:read("*a")).vectors
file:close()
io.write('#include "vectors.h"\n\nconst struct vector vectors[] = {\n')
for _, vector in ipairs(vectors) do
  write(vector)
end
io.write("};\n\nconst size_t vector_count = sizeof vectors / sizeof *vectors;\n")
