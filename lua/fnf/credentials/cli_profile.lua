--- A profile of the vendor's CLI (~/.aliyun/config.json): keys in every mode its libraries take, and a region.
-- SPDX-License-Identifier: MIT

local ecs_ram_role = require "fnf.credentials.ecs_ram_role"
local errors = require "fnf.errors"
local input = require "fnf.credentials.input"
local json = require "fnf.json"
local nearest = require "fnf.nearest"
local keys = require "fnf.credentials.keys"
local process = require "fnf.credentials.process"
local sign_in = require "fnf.credentials.sign_in"
local sts = require "fnf.credentials.sts"
local uri = require "fnf.credentials.uri"

local cli_profile = {}

local WHAT = "the CLI's configuration"
local NAMES = { access_key_id = "access_key_id", access_key_secret = "access_key_secret" }
local STS_NAMES = { access_key_id = "access_key_id", access_key_secret = "access_key_secret",
  security_token = "sts_token" }

--- Why the environment leaves this source out, or nil.
---@param context fnf.CallContext
---@return string|nil
function cli_profile.skip(context)
  if input.is_true(context, "ALIBABA_CLOUD_CLI_PROFILE_DISABLED") then
    return "ALIBABA_CLOUD_CLI_PROFILE_DISABLED is true"
  end
end

--- A field as text; the CLI writes empty ones, which mean absent.
local function text(profile, name)
  local value = profile[name]
  return type(value) == "string" and value ~= "" and value or nil
end

local function role_settings(profile)
  return {
    role_arn = text(profile, "ram_role_arn"), session_name = text(profile, "ram_session_name"),
    -- The CLI writes 0 for a duration that was not chosen.
    duration = tonumber(profile.expired_seconds) ~= 0 and tonumber(profile.expired_seconds) or nil,
    policy = text(profile, "policy"), external_id = text(profile, "external_id"),
    sts_region = text(profile, "sts_region"), vpc = profile.enable_vpc == true,
    sts_endpoint = text(profile, "sts_endpoint"),
  }
end

local resolve -- a profile may name another one

---@class fnf.ProfileSearch
---@field profiles table[] of the file
---@field seen table<string, boolean> names on the way here
---@field memory table kept from one fetch to the next

--- What each mode does, by its exact name (CREDENTIALS.md section 3).
---@type table<string, fun(context: fnf.CallContext, profile: table, search: fnf.ProfileSearch): fnf.Credentials?, any>
local modes = {
  AK = function(context, profile)
    return keys.of_profile(context, profile, NAMES)
  end,
  StsToken = function(context, profile)
    return keys.of_profile(context, profile, STS_NAMES)
  end,
  RamRoleArn = function(context, profile)
    local key, err = keys.of_profile(context, profile, text(profile, "sts_token") and STS_NAMES or NAMES)
    if not key then
      return nil, err
    end
    return sts.assume_role.fetch(context, role_settings(profile), keys.provider(key))
  end,
  ChainableRamRoleArn = function(context, profile, search)
    local key, err = resolve(context, text(profile, "source_profile"), search)
    if not key then
      return nil, err
    end
    return sts.assume_role.fetch(context, role_settings(profile), keys.provider(key))
  end,
  EcsRamRole = function(context, profile)
    return ecs_ram_role.fetch(context, { role_name = text(profile, "ram_role_name") })
  end,
  OIDC = function(context, profile)
    local settings = role_settings(profile)
    settings.provider_arn = text(profile, "oidc_provider_arn")
    settings.token_file = text(profile, "oidc_token_file")
    return sts.oidc.fetch(context, settings)
  end,
  CloudSSO = sign_in.cloud_sso,
  OAuth = function(context, profile, search)
    return sign_in.oauth(context, profile, search.memory)
  end,
  External = function(context, profile)
    return process.fetch(context, { command = text(profile, "process_command") or "" })
  end,
  CredentialsURI = function(context, profile)
    local reason = process.skip(context) -- the CLI's variable is for both
    if reason then
      return nil, errors.credentials(reason)
    end
    return uri.fetch(context, { uri = text(profile, "credentials_uri") })
  end,
}

--- The profiles by their names; of several with one the first.
local function by_name(profiles)
  local found = {}
  for _, profile in ipairs(profiles) do
    if type(profile) == "table" and type(profile.name) == "string" then
      found[profile.name] = found[profile.name] or profile
    end
  end
  return found
end

function resolve(context, name, search)
  local profiles = by_name(search.profiles)
  local profile = profiles[name or ""]
  if not name then
    return nil, errors.credentials(WHAT
      .. " does not say which profile is current, and ALIBABA_CLOUD_PROFILE names none")
  elseif not profile then
    local meant = nearest.find(name, profiles)
    return nil, errors.credentials(("%s has no profile %s%s"):format(WHAT, name,
      meant and (" (did you mean %s?)"):format(meant) or ""))
  elseif search.seen[name] then
    return nil, errors.credentials(("profile %s is its own source_profile, directly or by way of others"):format(name))
  end
  search.seen[name] = true
  local mode = modes[profile.mode]
  if mode then
    return mode(context, profile, search)
  end
  local meant = nearest.find(profile.mode, modes)
  return nil, errors.credentials(("profile %s has the mode %s, which is not supported%s"):format(name,
    text(profile, "mode") or '""', meant and (" (did you mean %s?)"):format(meant) or ""))
end

--- The configuration, and the name of the profile to take.
local function read(context, name)
  local path = input.variable(context, "ALIBABA_CLOUD_CONFIG_FILE") or input.below_home(context, ".aliyun/config.json")
  if not path then
    return nil, errors.credentials("no home directory: HOME is not set")
  end
  local content, err = input.read_private(context, path, WHAT)
  if not content then
    return nil, err
  end
  local config = json.decode(content)
  if type(config) ~= "table" or type(config.profiles) ~= "table" or not config.profiles[1] then
    return nil, errors.credentials(("%s %s is no JSON object with profiles"):format(WHAT, path))
  end
  return config, name or input.variable(context, "ALIBABA_CLOUD_PROFILE") or text(config, "current")
end

--- The credentials of a profile.
---@param context fnf.CallContext
---@param settings { name?: string, memory: table } without a name: ALIBABA_CLOUD_PROFILE, else the current one
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function cli_profile.fetch(context, settings)
  local config, name = read(context, settings.name)
  if not config then
    return nil, name --[[@as fnf.Error]]
  end
  local found, err = resolve(context, name, { profiles = config.profiles, seen = {}, memory = settings.memory })
  if found then
    found.source = "cli_profile/" .. found.source
  end
  return found, err
end

--- The region a profile names, or nil.
---@param context fnf.CallContext
---@param settings { name?: string }
---@return string|nil
function cli_profile.region(context, settings)
  local config, name = read(context, settings.name)
  local profile = config and name and by_name(config.profiles)[name]
  return profile and text(profile, "region_id")
end

return cli_profile
