--- The options of `fnf.new`: what they may be, and what follows where they are absent.
-- SPDX-License-Identifier: MIT

local check = require "fnf.check"
local endpoint = require "fnf.endpoint"

local settings = {}

local SECRET = { type = "name", pattern = "^%S+$", rule = "one word without blanks" }
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
  signature = { type = "string", values = { "HMAC-SHA1", "ACS3-HMAC-SHA256", "ACS3-HMAC-SM3" } },
  timeout = { type = "seconds", maximum = 86400 },
  connect_timeout = { type = "seconds", maximum = 86400 },
  max_attempts = { type = "integer", minimum = 1, maximum = 100 },
  ca_file = PATH,
  cert_file = PATH,
  key_file = PATH,
  proxy = { type = "string", pattern = "^%C*$", rule = "a URL without control characters" },
  no_proxy = { type = "string", pattern = "^%C*$", rule = "a list of hosts without control characters" },
  user_agent = { type = "name" },
  on_event = { type = "function" },
  transport = { type = "function" },
}

local DEFAULTS = { timeout = 15, connect_timeout = 5, max_attempts = 3, signature = "HMAC-SHA1" }

--- What is wrong with options that are right one by one.
local function refuse_together(options, platform)
  if (options.access_key_id == nil) ~= (options.access_key_secret == nil) then
    return "access_key_id and access_key_secret go together; one is missing"
  elseif options.security_token and not options.access_key_id then
    return "security_token goes with an access_key_id and an access_key_secret"
  end
  for _, name in ipairs { "ca_file", "cert_file", "key_file" } do
    if options[name] and not platform.readable(options[name]) then
      return ("option %s: cannot read %s"):format(name, options[name])
    end
  end
end

--- Where to send: an address, else a region, each from the options or the environment.
local function find_endpoint(options, platform)
  local address = options.endpoint or platform.getenv("FNF_ENDPOINT")
  if address and address ~= "" then
    local found, complaint = endpoint.of_address(address)
    return found, complaint and (options.endpoint and "option endpoint " or "FNF_ENDPOINT ") .. complaint
  end
  local region = options.region or platform.getenv("ALIBABA_CLOUD_REGION_ID")
  if not region or region == "" then
    return nil, "no region: give region = \"cn-hangzhou\" (or another), or set ALIBABA_CLOUD_REGION_ID"
  elseif not region:find(settings.options.region.pattern) then
    return nil, "ALIBABA_CLOUD_REGION_ID must be a region id such as cn-hangzhou"
  end
  return endpoint.of_region(region, options.network)
end

---@class fnf.Settings options with the defaults filled in; holds no secret
---@field endpoint fnf.Endpoint
---@field signature string
---@field timeout number
---@field connect_timeout number
---@field max_attempts integer

--- The settings of a client, or what is wrong with its options.
---@param options any
---@param platform fnf.Platform
---@return fnf.Settings|nil
---@return string|nil complaint
function settings.read(options, platform)
  local complaint = check.table(options, settings.options, "option") or refuse_together(options, platform)
  if complaint then
    return nil, complaint
  end
  local found, problem = find_endpoint(options, platform)
  if not found then
    return nil, problem
  end
  local read = { endpoint = found }
  for name, value in pairs(DEFAULTS) do
    read[name] = options[name] or value
  end
  return read
end

return settings
