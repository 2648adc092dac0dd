--- Every signing vector, stage by stage, through fnf.core.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local json = require("cjson").new()

local function read_vectors()
  local file = assert(io.open("spec/vectors/signing.json", "rb"))
  local vectors = json.decode(file:read("*a")).vectors
  file:close()
  return vectors
end

local function flat(list)
  local out = {}
  for _, pair in ipairs(list or {}) do
    out[#out + 1] = pair[1]
    out[#out + 1] = pair[2]
  end
  return out
end

local function decode_base64(text)
  local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
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

--- The stages of a vector's family, by the vectors' names.
local sign = {}

function sign.RPC(signer, input)
  local stages, form = {}, input.body.params and flat(input.body.params)
  local url = signer:plan(input.http_method, "", flat(input.query), form)({}, nil, nil, stages)
  stages.signed_query = url
  return stages
end

function sign.ACS3(signer, input)
  local stages = {}
  local hash = signer:hash(decode_base64(input.body.base64))
  local query, authorization = signer:acs3(input.http_method, flat(input.query), flat(input.headers), hash, stages)
  assert.equal(stages.canonical_query, query)
  stages.payload_hash, stages.authorization = hash, authorization
  return stages
end

describe("the signing vectors", function()
  local vectors = read_vectors()

  it("are all here", function()
    assert.equal(65, #vectors)
  end)

  for _, vector in ipairs(vectors) do
    it(("hold: %s, %s"):format(vector.id, vector.title), function()
      local input = vector.input
      local signer = assert(core.signer(vector.algorithm, input.access_key_id, input.access_key_secret))
      local stages = sign[vector.family](signer, input)
      for name, text in pairs(vector.expected) do
        if name ~= "wire_url" then
          assert.equal(text, stages[name], name)
        end
      end
    end)
  end
end)
