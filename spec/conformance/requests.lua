--- Writes every request our client sends for all operations, signatures and hostile values, a line of JSON each.
-- SPDX-License-Identifier: MIT
--
-- For recompute.js, which signs them anew by the vendor's own code. A line: action, algorithm, key, and the request
-- (method, url, headers, body) beside the parameters it is to carry.

local fnf = require "fnf"
local json = require "fnf.json"
local operations = require "fnf.operations"

local ALGORITHMS = { "HMAC-SHA1", "ACS3-HMAC-SHA256", "ACS3-HMAC-SM3" }

local HOSTILE = {
  "plain",
  "中文 é ß 🚀 \226\128\168 \239\191\189",
  "~*+/ %&=",
  "%41%zz%",
  "!'()[]{}<>|\\^`\"#?:;,@$-_.",
  "  leading, trailing  ",
  "a&Action=DeleteFlow&b==",
  ("8 KiB of ~ä+"):rep(631):sub(1, 8191) .. "!",
}
local CONTROLS = { "", "\1\2\9\10\13\31\127 line\r\nline\t" } -- only where texts of any kind are taken

local keys = {
  { id = "LTAI5tKey", secret = "Secret/+=ä~" },
  { id = "STS.NUid.~*", secret = "s", token = "CAIS/+==%20&token~*" },
}

local function hostile_of(row, n)
  if row.type == "string" or row.type == "json" and not row.entries and not row.fields then
    n = (n - 1) % (#HOSTILE + #CONTROLS) + 1
    return HOSTILE[n] or CONTROLS[n - #HOSTILE]
  end
  return HOSTILE[(n - 1) % #HOSTILE + 1]
end

local function cut(text, row)
  local most = row.characters and row.characters[2]
  return most and #text > most and "é*+ ~" or text
end

--- The n-th value for a row, as bad as the row allows.
local function value_for(row, n)
  if row.values then
    return row.values[(n - 1) % #row.values + 1]
  elseif row.type == "boolean" then
    return n % 2 == 0
  elseif row.type == "integer" or row.type == "number" then
    return row.maximum and row.maximum - (row.type == "number" and 0.25 or 0) or n * 1000003
  elseif row.entries then
    return { { Version = hostile_of({ type = "string" }, n), Weight = n } }
  elseif row.fields then
    return { Variables = { { Name = hostile_of({ type = "string" }, n), Value = "~*+/ %&=" } } }
  elseif row.rule then
    return row.rule:find("time") and "2026-01-02T03:04:05.678Z" or "A-_9"
  end
  local text = hostile_of(row, n)
  if row.type == "json" then
    return text == "" and text or assert(json.encode { Text = text })
  end
  if row.characters and text == "" then
    return "x"
  end
  return cut(text, row)
end

--- Call an operation by its method, or by client:call, which takes what the method would refuse.
local function write(client_key, algorithm, name, params)
  local row = operations[name]
  local sent
  local client = fnf.new { endpoint = "https://cn-hangzhou.fnf.aliyuncs.com:8443", signature = algorithm,
    access_key_id = client_key.id, access_key_secret = client_key.secret, security_token = client_key.token,
    max_attempts = 1, transport = function(request)
      sent = request
      return nil, "not sent"
    end }
  if next(params) then
    client[name](client, params)
  else
    client:call(row.action, params)
  end
  local expected = {}
  for parameter, value in pairs(params) do
    expected[parameter] = type(value) == "table" and value or tostring(value)
  end
  io.write(json.encode { action = row.action, algorithm = algorithm, id = client_key.id, secret = client_key.secret,
    method = sent.method, url = sent.url, headers = sent.headers, body = sent.body, params = expected }, "\n")
end

local function complete(row, n)
  local params = {}
  for name, parameter in pairs(row.parameters) do
    params[name] = value_for(parameter, n)
  end
  return params
end

for name, row in pairs(operations) do
  for _, algorithm in ipairs(ALGORITHMS) do
    for n = 1, #HOSTILE + #CONTROLS do
      write(keys[n % #keys + 1], algorithm, name, complete(row, n))
    end
    write(keys[1], algorithm, name, {})
  end
end
