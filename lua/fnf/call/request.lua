--- Row, parameters, key, time and nonce to a signed request. Pure: nothing is read but the arguments.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local json = require "fnf.json"
local number = require "fnf.number"

local request = {}

---@class fnf.Key
---@field access_key_id string
---@field security_token? string
---@field signer userdata the secret, inside `fnf.core`
---@field plans table<fnf.Operation, function> of RPC's family; kept by this module, for one target

---@class fnf.Request what a transport sends
---@field method string
---@field url string
---@field headers table<string, string>
---@field body? string
---@field timeout number seconds for the whole exchange
---@field connect_timeout number seconds
---@field direct? boolean past any proxy
---@field repeatable? boolean that may go over a connection that has idled, and could die under it; nil: it may not

---@class fnf.Target who is asked, and as whom: the same for all requests of a client
---@field endpoint fnf.Endpoint
---@field algorithm string of the signature; "none": unsigned
---@field user_agent string
---@field version string of the API
---@field direct? boolean past any proxy
---@field headers table<fnf.Operation, table<string, string>> kept by this module; empty at first

local FORM = "application/x-www-form-urlencoded"
local RPC = "HMAC-SHA1"

--- How a value travels: decimal digits, true/false, JSON text (API.md section 1).
---@param value any
---@return string
local function written(value)
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind == "number" then
    return number.write(value)
  elseif kind == "table" then
    return assert(json.encode(value)) -- what cannot be written was refused before the call
  end
  return tostring(value)
end

--- Parameters as texts, with those that their table inherits.
local function texts(params, rules)
  local all = {}
  for name in pairs(rules) do
    local value = params[name]
    if value ~= nil then
      all[name] = written(value)
    end
  end
  return all
end

--- Append the parameters to `query`, or to the form a POST has, which is returned.
local function place(row, params, query)
  local form = row.method == "POST" and {} or nil
  local rules = row.parameters
  for name, value in pairs(getmetatable(params) and texts(params, rules) or params) do
    local rule = rules[name]
    if rule then -- else the caller has added it since it was checked
      local list = form and not rule.query and form or query
      list[#list + 1], list[#list + 2] = name, written(value)
    end
  end
  return form
end

--- Headers that no signature of the RPC family covers are the same for every request of an operation.
local function fixed_headers(target, row)
  return {
    accept = "application/json",
    ["user-agent"] = target.user_agent,
    ["x-acs-action"] = row.action,
    ["x-acs-version"] = target.version,
    ["content-type"] = row.method == "POST" and FORM or nil,
  }
end

--- Made once for each row: the strings of a hundred thousand polls are the same few.
local function rpc_headers(target, row)
  local headers = target.headers[row]
  if not headers then
    headers = fixed_headers(target, row)
    target.headers[row] = headers
  end
  return headers
end

--- What every request of an operation by a key has in common, as a function that signs one; made once for each.
local function plan_of(target, key, row)
  local known = key.plans[row]
  if known then
    return known
  end
  local query = {
    "Action", row.action, "Version", target.version, "Format", "json", "Timestamp", false, "SignatureNonce", false,
    "SignatureMethod", RPC, "SignatureVersion", "1.0", "AccessKeyId", key.access_key_id,
  }
  if key.security_token then
    query[17], query[18] = "SecurityToken", key.security_token
  end
  local form = row.method == "POST" and {} or nil
  for name, rule in pairs(row.parameters) do
    local list = form and not rule.query and form or query
    list[#list + 1], list[#list + 2] = name, false
  end
  local sign, status, message = key.signer:plan(row.method, target.endpoint.url .. "/?", query, form)
  key.plans[row] = sign
  return sign, status, message
end

local function sign_rpc(target, key, call)
  local row, params = call.row, call.params
  local sign, status, message = plan_of(target, key, row)
  if not sign then
    return nil, status, message
  end
  local url, body, reason = sign(params, call.timestamp, call.nonce, call.stages)
  if url == false then
    url, body, reason = sign(texts(params, row.parameters), call.timestamp, call.nonce, call.stages)
  end
  if not url then
    return nil, body, reason
  end
  return { method = row.method, url = url, headers = rpc_headers(target, row), body = body,
    direct = target.direct }
end

local function sign_acs3(target, key, call)
  local row = call.row
  local query, list = {}, {}
  local form = place(row, call.params, query)
  local body, status, message
  if form then
    body, status, message = core.encode(form)
  end
  local hash
  if not status then
    hash, status, message = key.signer:hash(body or "")
  end
  if not hash then
    return nil, status, message
  end
  local headers = fixed_headers(target, row)
  headers["x-acs-date"] = call.timestamp
  headers["x-acs-signature-nonce"] = call.nonce
  headers["x-acs-content-sha256"] = hash
  if key.security_token then
    headers["x-acs-security-token"] = key.security_token
    headers["x-acs-accesskey-id"] = key.access_key_id
  end
  for name, value in pairs(headers) do
    list[#list + 1], list[#list + 2] = name, value
  end
  list[#list + 1], list[#list + 2] = "host", target.endpoint.host
  local wire, authorization, reason = key.signer:acs3(row.method, query, list, hash, call.stages)
  if not wire then
    return nil, authorization, reason
  end
  headers.authorization = authorization
  local url = target.endpoint.url .. "/" .. (wire == "" and "" or "?" .. wire)
  return { method = row.method, url = url, headers = headers, body = body, direct = target.direct }
end

--- Without a key: for what proves itself by its parameters (AssumeRoleWithOIDC, CREDENTIALS.md section 6).
local function sign_none(target, _, call)
  local row = call.row
  local query = { "Action", row.action, "Version", target.version, "Format", "json", "Timestamp", call.timestamp,
    "SignatureNonce", call.nonce }
  local form = place(row, call.params, query)
  local wire, status, message = core.encode(query)
  local body
  if form and wire then
    body, status, message = core.encode(form)
  end
  if status then
    return nil, status, message
  end
  return { method = row.method, url = target.endpoint.url .. "/?" .. wire, headers = fixed_headers(target, row),
    body = body, direct = target.direct }
end

local signatures = { none = sign_none, [RPC] = sign_rpc }

--- A signed request; its time spans are for the caller to set.
---@param target fnf.Target
---@param key fnf.Key|nil nil for an unsigned target
---@param call { row: fnf.Operation, params: table, timestamp: string, nonce: string, stages?: table } the parameters
---  are checked; a `stages` table gets every text of the signature by name
---@return fnf.Request|nil
---@return string|nil status of fnf.core, if it failed
---@return string|nil message
function request.sign(target, key, call)
  return (signatures[target.algorithm] or sign_acs3)(target, key, call)
end

--- A key ready to sign; nil if this machine's libcrypto lacks the algorithm or the secret is no key for it.
---@param algorithm string
---@param credentials { access_key_id: string, access_key_secret: string, security_token?: string }
---@return fnf.Key|nil
---@return string|nil status of fnf.core
---@return string|nil message
function request.key(algorithm, credentials)
  local signer, status, message = core.signer(algorithm, credentials.access_key_id, credentials.access_key_secret)
  if not signer then
    return nil, status, message
  end
  return { access_key_id = credentials.access_key_id, security_token = credentials.security_token, signer = signer,
    plans = setmetatable({}, { __mode = "k" }) }
end

return request
