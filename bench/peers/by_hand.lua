-- A script as one writes it by hand, of lua-curl, luaossl and lua-cjson: `by_hand.lua ENDPOINT COUNT` prints seconds of
-- CPU per signed DescribeMapRun, one at a time.
-- SPDX-License-Identifier: MIT
--
-- It keeps its connection and checks what it cannot do without: that the exchange ended well, and the status. No
-- retries, no limits, no checks of what is sent or read.

local cjson = require "cjson"
local curl = require "curl"
local digest = require "openssl.digest"
local hmac = require "openssl.hmac"
local rand = require "openssl.rand"

local WARM_UP = 20
local ALGORITHM, ID, SECRET = "ACS3-HMAC-SHA256", "LTAI5tAbCdEfGhIjKlMnOpQr", "a-secret-of-thirty-characters."
local endpoint, count = arg[1], tonumber(arg[2])
local host = endpoint:match "^%a+://(.*)$"
local params = { FlowName = "orders-flow", ExecutionName = "exec-2026-11-23-0001",
  MapRunName = "c39142f1345b196d678333c41f113200" }

local function hex(bytes)
  return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local function encode(text)
  return (text:gsub("[^%w_.~-]", function(byte) return ("%%%02X"):format(byte:byte()) end))
end

local function query_of(fields)
  local parts = {}
  for name, value in pairs(fields) do
    parts[#parts + 1] = encode(name) .. "=" .. encode(value)
  end
  table.sort(parts)
  return table.concat(parts, "&")
end

local function signed_headers(query)
  local body_hash = hex(digest.new("sha256"):final(""))
  local headers = {
    "host:" .. host, "x-acs-action:DescribeMapRun", "x-acs-content-sha256:" .. body_hash,
    "x-acs-date:" .. os.date("!%Y-%m-%dT%H:%M:%SZ"), "x-acs-signature-nonce:" .. hex(rand.bytes(16)),
    "x-acs-version:2019-03-15",
  }
  local names = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version"
  local request = table.concat({ "GET", "/", query, table.concat(headers, "\n") .. "\n", names, body_hash }, "\n")
  local signature = hex(hmac.new(SECRET, "sha256"):final(ALGORITHM .. "\n" .. hex(digest.new("sha256"):final(request))))
  headers[#headers + 1] = "accept: application/json"
  headers[#headers + 1] = ("authorization: %s Credential=%s,SignedHeaders=%s,Signature=%s"):format(ALGORITHM, ID, names,
    signature)
  return headers
end

local handle = curl.easy_init()
local received = {}
handle:setopt(curl.OPT_WRITEFUNCTION, function(bytes)
  received[#received + 1] = bytes
  return #bytes
end)
handle:setopt(curl.OPT_FAILONERROR, 1)
handle:setopt(curl.OPT_CAINFO, os.getenv "FNF_CA_FILE" or "/etc/ssl/certs/ca-certificates.crt")

local function describe_map_run()
  local query = query_of(params)
  received = {}
  handle:setopt(curl.OPT_URL, endpoint .. "/?" .. query)
  handle:setopt(curl.OPT_HTTPHEADER, signed_headers(query))
  assert(handle:perform())
  return cjson.decode(table.concat(received))
end

local function call(times)
  for _ = 1, times do
    assert(describe_map_run().ItemCounts.Succeed == 1940)
  end
end

call(WARM_UP)
local start = os.clock()
call(count)
print(("%.9f"):format((os.clock() - start) / count))
