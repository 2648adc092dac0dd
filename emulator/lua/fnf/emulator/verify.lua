--- Who asks, and is it really them: both signature families, the time window, nonces and temporary credentials.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.emulator.errors"
local journal = require "fnf.emulator.journal"
local signature = require "fnf.emulator.signature"
local timestamp = require "fnf.emulator.timestamp"

local verify = {}

local refuse = errors.refuse

-- The sources say 15 and 31 minutes; the narrower one catches more.
local WINDOW = 15 * 60

---@class fnf.emulator.Claim what a request says about itself, whichever family it is signed in
---@field family "RPC"|"ACS3"
---@field algorithm string
---@field action string
---@field version string
---@field access_key_id string
---@field nonce string
---@field timestamp string
---@field signature string
---@field security_token? string
---@field signed_headers? string ACS3 only

---@class fnf.emulator.Key
---@field id string
---@field secret string
---@field token? string temporary credentials have one
---@field expires? number wall time, seconds
---@field inactive? boolean
---@field deny? string[] actions that it may not use, "*" for all

local rpc_parameters = {
  "Action", "Version", "Format", "AccessKeyId", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp",
  "Signature",
}

local acs3_headers = {
  "host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256",
}

local function rpc_claim(request)
  local given = setmetatable({}, { __index = function(_, name)
    return request.query[name] or request.form[name]
  end })
  for _, name in ipairs(rpc_parameters) do
    if (given[name] or "") == "" then
      return nil, refuse("MissingRequiredParams", name)
    end
  end
  if given.Format:lower() ~= "json" then
    return nil, refuse("InvalidArgument", "Format must be JSON.")
  end
  if given.SignatureMethod ~= "HMAC-SHA1" or given.SignatureVersion ~= "1.0" then
    return nil, refuse "InvalidSignatureMethod"
  end
  return {
    family = "RPC", algorithm = "HMAC-SHA1", action = given.Action, version = given.Version,
    access_key_id = given.AccessKeyId, nonce = given.SignatureNonce, timestamp = given.Timestamp,
    signature = given.Signature, security_token = given.SecurityToken,
  }
end

local function acs3_claim(request, authorization)
  local header = request.header
  for _, name in ipairs(acs3_headers) do
    if (header[name] or "") == "" then
      return nil, refuse("MissingRequiredHeader", name)
    end
  end
  local algorithm, id, signed, signed_with =
    authorization:match "^(ACS3%-[%w%-]+) Credential=([^,]+),SignedHeaders=([^,]+),Signature=(%x+)$"
  if not algorithm then
    return nil, refuse("IncompleteSignature", "The Authorization header is malformed.")
  end
  if not signature.knows(algorithm) then
    return nil, refuse "InvalidSignatureMethod"
  end
  return {
    family = "ACS3", algorithm = algorithm, action = header["x-acs-action"], version = header["x-acs-version"],
    access_key_id = id, nonce = header["x-acs-signature-nonce"], timestamp = header["x-acs-date"],
    signature = signed_with, security_token = header["x-acs-security-token"], signed_headers = signed,
  }
end

--- Reads what a request claims. Nothing is checked yet but that it is all there.
---@param request fnf.emulator.Request
---@return fnf.emulator.Claim? claim
---@return fnf.emulator.Refusal? refusal
function verify.claim(request)
  local authorization = request.header.authorization
  if authorization and authorization:find "^ACS3%-" then
    return acs3_claim(request, authorization)
  end
  return rpc_claim(request)
end

local function check_key(key, claim, now)
  if not key then
    return refuse("InvalidAccessKeyID", claim.access_key_id)
  end
  if key.inactive then
    return refuse "InvalidAccessKeyId.Inactive"
  end
  local token = claim.security_token
  if key.token and (token or "") == "" then
    return refuse "MissingSecurityToken"
  end
  if token ~= nil and token ~= key.token then
    return refuse "InvalidSecurityToken.MismatchWithAccessKey"
  end
  if key.expires and now >= key.expires then
    return refuse "InvalidSecurityToken.Expired"
  end
end

local function check_time(claim, now)
  local sent = timestamp.parse(claim.timestamp)
  if not sent then
    return refuse "InvalidTimeStamp.Format"
  end
  if math.abs(now - sent) > WINDOW then
    return refuse("RequestTimeTooSkewed", claim.timestamp, timestamp.utc(now))
  end
end

local function check_rpc(request, claim, secret)
  local stages = signature.rpc(request, secret)
  if stages.signature == claim.signature then
    return nil
  end
  return refuse("SignatureNotMatch", "server string to sign is:" .. stages.string_to_sign)
end

-- The names of SignedHeaders, which may be more than those that must be there.
local function signed_headers(request, claim)
  local names, listed = {}, {}
  for name in claim.signed_headers:gmatch "[^;]+" do
    names[#names + 1], listed[name] = name, true
    if not request.header[name] then
      return nil, refuse("IncompleteSignature", "SignedHeaders names " .. name .. ", which the request has not.")
    end
  end
  for _, name in ipairs(signature.required_headers(request.header_pairs)) do
    if not listed[name] then
      return nil, refuse("IncompleteSignature", "SignedHeaders must name " .. name .. ".")
    end
  end
  return names
end

local function check_acs3(request, claim, secret)
  local names, refusal = signed_headers(request, claim)
  if not names then
    return refusal
  end
  local stages = signature.acs3(request, secret, claim.algorithm, names)
  local is_hashed = request.header["x-acs-content-sha256"] == stages.payload_hash
  if stages.signature == claim.signature and is_hashed then
    return nil
  end
  return refuse("SignatureNotMatch", "server StringToSign is [" .. stages.string_to_sign:gsub("\n", " ") .. "]")
end

--- Checks a claim against the known keys; its nonce is used up if all is well.
---@param request fnf.emulator.Request
---@param claim fnf.emulator.Claim
---@param known { keys: table<string, fnf.emulator.Key>, journal: fnf.emulator.Journal }
---@param now number the service's wall time, seconds
---@return fnf.emulator.Refusal? refusal nil if the request may go on
function verify.check(request, claim, known, now)
  local key = known.keys[claim.access_key_id]
  local refusal = check_key(key, claim, now) or check_time(claim, now)
  if refusal then
    return refusal
  end
  refusal = (claim.family == "ACS3" and check_acs3 or check_rpc)(request, claim, key.secret)
  if refusal then
    return refusal
  end
  if not journal.use_nonce(known.journal, key.id, claim.nonce, now) then
    return refuse "SignatureNonceUsed"
  end
  for _, action in ipairs(key.deny or {}) do
    if action == claim.action or action == "*" then
      return refuse "AccessDenied"
    end
  end
end

return verify
