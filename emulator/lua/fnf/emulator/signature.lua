--- Both signature families as the vendor's pages tell them: what is signed, and the signature of it. Written apart from
--- the client's signer, so that a mistake there cannot agree with itself here.
-- SPDX-License-Identifier: MIT

local crypto = require "fnf.emulator.crypto"

local signature = {}

--- Percent-encoding: every byte but letters, digits and - _ . ~ becomes % and two upper-case digits.
local function encode(text)
  return (text:gsub("[^A-Za-z0-9_.~-]", function(byte)
    return ("%%%02X"):format(byte:byte())
  end))
end

--- `name=value` joined by `&`, in the order of the plain names.
local function canonical(list)
  local pairs_of_names = {}
  for index = 1, #list, 2 do
    pairs_of_names[#pairs_of_names + 1] = { name = list[index], value = list[index + 1], position = index }
  end
  table.sort(pairs_of_names, function(a, b)
    if a.name ~= b.name then
      return a.name < b.name
    end
    return a.position < b.position
  end)
  local parts = {}
  for index, pair in ipairs(pairs_of_names) do
    parts[index] = encode(pair.name) .. "=" .. encode(pair.value)
  end
  return table.concat(parts, "&")
end

---@class fnf.emulator.Signed a request as far as it is signed
---@field method string upper case
---@field query_pairs string[] name, value, name, value, ... decoded
---@field form_pairs? string[] the fields of a form body, RPC only
---@field header_pairs? string[] ACS3 only
---@field body? string ACS3 only

--- The RPC family: everything in query and form but the signature itself.
---@param request fnf.emulator.Signed
---@param secret string
---@return { canonical_params: string, string_to_sign: string, signature: string }
function signature.rpc(request, secret)
  local list = {}
  for _, source in ipairs { request.query_pairs, request.form_pairs or {} } do
    for index = 1, #source, 2 do
      if source[index] ~= "Signature" then
        list[#list + 1], list[#list + 2] = source[index], source[index + 1]
      end
    end
  end
  local parameters = canonical(list)
  local text = table.concat({ request.method, encode "/", encode(parameters) }, "&")
  return {
    canonical_params = parameters, string_to_sign = text,
    signature = crypto.base64(crypto.hmac("SHA1", secret .. "&", text)),
  }
end

local HASHES = { ["ACS3-HMAC-SHA256"] = "SHA256", ["ACS3-HMAC-SM3"] = "SM3" }

--- Is this an algorithm of the ACS3 family that can be checked here?
---@param algorithm string
---@return boolean
function signature.knows(algorithm)
  return HASHES[algorithm] ~= nil and crypto.has(HASHES[algorithm])
end

--- The values of each header by lower-case name, without the blanks around them.
local function values_by_name(list)
  local values = {}
  for index = 1, #list, 2 do
    local name = list[index]:lower()
    values[name] = values[name] or {}
    table.insert(values[name], (list[index + 1]:gsub("^[ \t\r\n]+", ""):gsub("[ \t\r\n]+$", "")))
  end
  return values
end

local function must_be_signed(name)
  return name == "host" or name == "content-type" or name:find "^x%-acs%-" ~= nil
end

--- The names of headers that a request must sign.
---@param header_pairs string[]
---@return string[] names sorted
function signature.required_headers(header_pairs)
  local names = {}
  for name in pairs(values_by_name(header_pairs)) do
    if must_be_signed(name) then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

local function canonical_headers(list, names)
  local values, lines = values_by_name(list), {}
  for index, name in ipairs(names) do
    local of_name = values[name] or {}
    table.sort(of_name)
    lines[index] = name .. ":" .. table.concat(of_name, ",") .. "\n"
  end
  return table.concat(lines)
end

--- The ACS3 family: method, path, query, the named headers and the hash of the body. The path of this product is `/`.
---@param request fnf.emulator.Signed
---@param secret string
---@param algorithm "ACS3-HMAC-SHA256"|"ACS3-HMAC-SM3"
---@param names? string[] the headers that the client says it has signed; those it must sign by default
---@return table stages canonical_query, signed_headers, payload_hash, canonical_request, hashed_canonical_request,
--- string_to_sign, signature
function signature.acs3(request, secret, algorithm, names)
  local hash = HASHES[algorithm]
  local sorted = {}
  for index, name in ipairs(names or signature.required_headers(request.header_pairs)) do
    sorted[index] = name
  end
  table.sort(sorted)
  local stages = {
    canonical_query = canonical(request.query_pairs),
    signed_headers = table.concat(sorted, ";"),
    payload_hash = crypto.hex(crypto.digest(hash, request.body or "")),
  }
  stages.canonical_request = table.concat({
    request.method, "/", stages.canonical_query, canonical_headers(request.header_pairs, sorted),
    stages.signed_headers, stages.payload_hash,
  }, "\n")
  stages.hashed_canonical_request = crypto.hex(crypto.digest(hash, stages.canonical_request))
  stages.string_to_sign = algorithm .. "\n" .. stages.hashed_canonical_request
  stages.signature = crypto.hex(crypto.hmac(hash, secret, stages.string_to_sign))
  return stages
end

return signature
