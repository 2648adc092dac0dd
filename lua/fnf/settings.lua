--- The options of `fnf.new`: what they may be, and what follows where they are absent.
-- SPDX-License-Identifier: MIT

local check = require "fnf.check"
local endpoint = require "fnf.endpoint"
local keys = require "fnf.credentials.keys"

local settings = {}

local SECRET = { type = "secret" }
local PATH = { type = "name" }

--- Rows of `fnf.check` for the options of `fnf.new`.
---@type table<string, fnf.Row>
settings.options = {
  region = { type = "name", pattern = "^%w[%w-]*$", rule = "a region id such as cn-hangzhou" },
  network = { type = "string", values = { "public", "vpc" } },
  endpoint = { type = "name" },
  access_key_id = SECRET,
  access_key_secret = SECRET,
  security_token = SECRET,
  credentials = { type = "any" },
  signature = { type = "string", values = { "HMAC-SHA1", "ACS3-HMAC-SHA256", "ACS3-HMAC-SM3" } },
  timeout = { type = "seconds" },
  attempt_timeout = { type = "seconds", maximum = 86400 },
  connect_timeout = { type = "seconds", maximum = 86400 },
  max_attempts = { type = "integer", minimum = 1, maximum = 100 },
  ca_file = PATH,
  cert_file = PATH,
  key_file = PATH,
  proxy = { type = "string", pattern = "^%C*$", rule = "a URL without control characters" },
  no_proxy = { type = "string", pattern = "^%C*$", rule = "a list of hosts without control characters" },
  user_agent = { type = "name" },
  traceparent = { type = "traceparent" },
  rate_limit = { type = "any" },
  share = { type = "any" },
  max_connections = { type = "integer", minimum = 1, maximum = 1024 },
  on_event = { type = "function" },
  transport = { type = "function" },
}

local MOST_OF_A_FILE = 4 * 1024 * 1024 -- bytes of certificates or a key
local DEFAULTS = { attempt_timeout = 15, connect_timeout = 5, max_attempts = 3, signature = "HMAC-SHA1" }

local RATE_LIMIT = {
  rate = { type = "number", minimum = 0.01, maximum = 100000 },
  burst = { type = "number", minimum = 1, maximum = 100000 },
  probe = { type = "boolean" },
}

--- What is wrong with an option `rate_limit`: { rate = requests a second, burst = at once, probe = whether
--- to try for more }, or false for none.
---@param value any
---@return string|nil
function settings.validate_rate_limit(value)
  if value == nil or value == false then
    return nil
  elseif type(value) ~= "table" then
    return "option rate_limit must be a table of rate, burst and probe, or false"
  end
  local problem = check.table(value, RATE_LIMIT, "entry")
  return problem and "option rate_limit: " .. problem
end

--- What is wrong with options that are right one by one.
local function validate_together(options, platform)
  for name, way in pairs(platform.unsupported or {}) do
    if options[name] ~= nil then
      return ("option %s has no effect in nginx: %s"):format(name, way)
    end
  end
  if (options.access_key_id == nil) ~= (options.access_key_secret == nil) then
    return "access_key_id and access_key_secret go together; one is missing"
  elseif options.security_token and not options.access_key_id then
    return "security_token goes with an access_key_id and an access_key_secret"
  elseif options.credentials ~= nil and options.access_key_id then
    return "credentials and access_key_id exclude each other"
  end
  for _, name in ipairs { "ca_file", "cert_file", "key_file" } do
    if options[name] and (platform.read(options[name], MOST_OF_A_FILE) or "") == "" then
      return ("option %s: cannot read %s"):format(name, options[name])
    end
  end
end

--- The provider of the credentials that were given, in either way, else the default chain's. A key that is given needs
--- no more modules than its own.
local function find_provider(options)
  if options.access_key_id then
    return keys.provider(assert(keys.new(options)))
  end
  local credentials = require "fnf.credentials"
  require "fnf.call.context" -- now: when a call asks for a key there may be no descriptor left to load it by
  if options.credentials == nil then
    return credentials.default()
  end
  local provider, problem = credentials.of(options.credentials)
  return provider, problem and "option credentials " .. problem
end

--- The region: the option, else the environment, else the profile that the key may come from.
local function find_region(options, platform, provider)
  local region = options.region or platform.getenv("ALIBABA_CLOUD_REGION_ID")
  if region and region ~= "" then
    return region, "ALIBABA_CLOUD_REGION_ID"
  elseif provider.source.region then
    return provider.source.region(require("fnf.call.context").before_calls(platform)), "the profile's region_id"
  end
end

--- Where to send: an address, else a region.
local function find_endpoint(options, platform, provider)
  local address = options.endpoint or platform.getenv("FNF_ENDPOINT")
  if address and address ~= "" then
    local found, problem = endpoint.of_address(address)
    return found, problem and (options.endpoint and "option endpoint " or "FNF_ENDPOINT ") .. problem
  end
  local region, from = find_region(options, platform, provider)
  if not region then
    return nil, "no region: give region = \"cn-hangzhou\" (or another), or set ALIBABA_CLOUD_REGION_ID"
  elseif not region:find(settings.options.region.pattern) then
    return nil, from .. " must be a region id such as cn-hangzhou"
  end
  return endpoint.of_region(region, options.network)
end

---@class fnf.Settings options with the defaults filled in; holds no secret
---@field endpoint fnf.Endpoint
---@field signature string
---@field timeout? number
---@field attempt_timeout number
---@field connect_timeout number
---@field max_attempts integer
---@field rate_limit? { rate?: number, burst?: number, probe?: boolean }|false
---@field max_connections? integer
---@field share? fnf.ShareOption

--- The settings of a client, or what is wrong with its options.
---@param options any
---@param platform fnf.Platform
---@return fnf.Settings|nil
---@return fnf.CredentialsProvider|string provider or problem
function settings.read(options, platform)
  local problem = check.table(options, settings.options, "option") or settings.validate_rate_limit(options.rate_limit)
    or options.share ~= nil and require("fnf.share").validate(options.share, platform)
    or validate_together(options, platform)
  if problem then
    return nil, problem
  end
  local provider, found
  provider, problem = find_provider(options)
  if provider then
    found, problem = find_endpoint(options, platform, provider)
  end
  if not found then
    return nil, problem --[[@as string]]
  end
  local read = { endpoint = found, timeout = options.timeout, rate_limit = options.rate_limit,
    max_connections = options.max_connections, share = options.share }
  for name, value in pairs(DEFAULTS) do
    read[name] = options[name] or value
  end
  return read, provider
end

return settings
