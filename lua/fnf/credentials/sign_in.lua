--- Keys for a user who signed in with the vendor's CLI: by the browser (OAuth), or to CloudSSO.
-- SPDX-License-Identifier: MIT
--
-- Nothing is written back to the CLI's file; a renewed access token is kept in this process.

local core = require "fnf.core"
local errors = require "fnf.errors"
local input = require "fnf.credentials.input"
local json = require "fnf.json"
local parse = require "fnf.credentials.parse"
local time = require "fnf.time"

local sign_in = {}

--- Both sites, with the client id that the CLI and the credential libraries sign in as.
local SITES = {
  CN = { url = "https://oauth.aliyun.com", client_id = "4038181954557748008" },
  INTL = { url = "https://oauth.alibabacloud.com", client_id = "4103531455503354461" },
}
local TOKEN_LEFT = 1200 -- seconds an access token must still have (CREDENTIALS.md section 7)
local STORED_LEFT = 180 -- seconds stored keys must still have

--- What the CLI got and stored, while it is good.
local function stored(context, profile)
  local expires = tonumber(profile.sts_expiration)
  if expires and expires - context.time() > STORED_LEFT and profile.sts_token then
    return parse.new({ access_key_id = profile.access_key_id, access_key_secret = profile.access_key_secret,
      security_token = profile.sts_token, expires = expires }, "oauth")
  end
end

local function is_good(token, context)
  return not parse.validate(token.access) and (token.expires or 0) - context.time() > TOKEN_LEFT
end

local function renew(context, site, token)
  local body, err = input.ask(context, {
    method = "POST", url = site.url .. "/v1/token",
    headers = { accept = "application/json", ["content-type"] = "application/x-www-form-urlencoded" },
    body = core.encode { "grant_type", "refresh_token", "refresh_token", token.refresh, "client_id", site.client_id,
      "Timestamp", time.timestamp(context.time()) },
    secrets = { token.refresh },
  }, "the OAuth server")
  local object = body and parse.object(body)
  if not body then
    return nil, err
  elseif not object or parse.validate(object.access_token) or not tonumber(object.expires_in) then
    return nil, errors.credentials("the OAuth server gave no access token: sign in again with the CLI")
  end
  local refresh = not parse.validate(object.refresh_token) and object.refresh_token or token.refresh
  return { access = object.access_token, refresh = refresh, expires = context.time() + tonumber(object.expires_in) }
end

--- The token to use: the newest of file and memory, renewed if it is near its end.
local function find_token(context, profile, site, memory)
  local origin = profile.oauth_refresh_token or ""
  local token = memory.origin == origin and memory.token
    or { access = profile.oauth_access_token, refresh = origin, expires = tonumber(profile.oauth_access_token_expire) }
  if is_good(token, context) then
    return token
  elseif parse.validate(token.refresh) then
    return nil, errors.credentials("the OAuth sign-in is over: sign in again with the CLI")
  end
  local renewed, err = renew(context, site, token)
  if renewed then
    memory.origin, memory.token = origin, renewed
  end
  return renewed, err
end

--- Keys for a user who signed in by the browser.
---@param context fnf.CallContext
---@param profile table of the CLI's configuration
---@param memory table kept from one fetch to the next
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function sign_in.oauth(context, profile, memory)
  local site = SITES[profile.oauth_site_type]
  if not site then
    return nil, errors.credentials("oauth_site_type must be CN or INTL")
  end
  local found = stored(context, profile)
  if found then
    return found
  end
  local token, err = find_token(context, profile, site, memory)
  if not token then
    return nil, err
  end
  local body
  body, err = input.ask(context, {
    method = "POST", url = site.url .. "/v1/exchange", body = "",
    headers = { authorization = "Bearer " .. token.access, accept = "application/json",
      ["content-type"] = "application/json" },
    secrets = { token.access },
  }, "the OAuth server")
  if not body then
    return nil, err
  end
  return parse.temporary(parse.object(body), parse.spellings.oauth, "oauth")
end

--- Keys for a user who signed in to CloudSSO.
---@param context fnf.CallContext
---@param profile table of the CLI's configuration
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function sign_in.cloud_sso(context, profile)
  local address = profile.cloud_sso_sign_in_url
  local problem = input.validate_url(address)
  if problem then
    return nil, errors.credentials("cloud_sso_sign_in_url " .. problem)
  elseif parse.validate(profile.access_token)
    or (tonumber(profile.cloud_sso_access_token_expire) or 0) <= context.time() then
    return nil, errors.credentials("the CloudSSO sign-in is over: sign in again with the CLI")
  end
  for _, name in ipairs { "cloud_sso_account_id", "cloud_sso_access_config" } do
    if type(profile[name] or "") ~= "string" then
      return nil, errors.credentials(name .. " must be a string")
    end
  end
  local body, err = input.ask(context, {
    method = "POST", url = input.origin(address) .. "/cloud-credentials",
    headers = { authorization = "Bearer " .. profile.access_token, accept = "application/json",
      ["content-type"] = "application/json" },
    body = json.encode { AccountId = profile.cloud_sso_account_id,
      AccessConfigurationId = profile.cloud_sso_access_config },
    secrets = { profile.access_token },
  }, "CloudSSO")
  if not body then
    return nil, err
  end
  return parse.temporary((parse.object(body) or {}).CloudCredential, parse.spellings.service, "cloud_sso")
end

return sign_in
