--- Where a client's key comes from: the default chain of the vendor's tools, or one source that was chosen.
-- SPDX-License-Identifier: MIT
--
--   fnf.new { credentials = fnf.credentials.profile("prod") }
--
-- Each function returns a provider, which asks its source when a key is needed, and renews what ends. It may be given
-- to several clients, which then share it. Misuse raises at the caller's line.

local chain = require "fnf.credentials.chain"
local check = require "fnf.check"
local endpoint = require "fnf.endpoint"
local errors = require "fnf.errors"
local keys = require "fnf.credentials.keys"
local parse = require "fnf.credentials.parse"
local provider = require "fnf.credentials.provider"

---@class fnf.CredentialsModule
local credentials = {}

--- A source in the place of one that cannot be loaded: there is no descriptor left, say. What it cannot look at yet it
--- takes for right, for the source itself looks at it again.
local function unloadable(name, reason)
  local source = {}
  function source.fetch()
    local err = errors.credentials(("fnf.credentials.%s cannot be loaded: %s"):format(name, reason:match "[^\n]*"))
    err.retryable = true
    return nil, err
  end
  function source.skip() end
  function source.region() end
  source.split, source.find_address = source.skip, source.skip
  source.oidc, source.assume_role = source, source
  return source
end

--- The sources by name, each loaded when it is first asked: a program uses one or two of them.
local sources = setmetatable({}, { __index = function(self, name)
  local loaded, source = pcall(require, "fnf.credentials." .. name)
  if errors.is_interrupt(source) then
    error(source, 0)
  elseif not loaded then
    return unloadable(name, tostring(source))
  end
  self[name] = source
  return source
end })

local HINT = "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or give credentials to fnf.new, or "
  .. "--profile to the command fnf"
local PROGRAM_PATIENCE = 70 -- seconds: a program may take 60

local NAME, SECRET, FLAG = { type = "name" }, { type = "secret", required = true }, { type = "boolean" }
local ROLE = {
  role_arn = { type = "name", pattern = "^acs:ram::%d+:role/[^%s]+$",
    rule = "a role's ARN such as acs:ram::1234567890123456:role/name" },
  session_name = { type = "name", characters = { 2, 64 }, pattern = "^[%w.@_-]+$",
    rule = "of letters, digits, . @ - _" },
  duration = { type = "integer", minimum = 900 }, policy = { type = "json" },
  sts_region = { type = "name", pattern = "^%w[%w-]*$", rule = "a region id such as cn-hangzhou" },
  vpc = FLAG, sts_endpoint = NAME,
}

local function with(rows, more)
  for name, row in pairs(rows) do
    more[name] = more[name] or row
  end
  return more
end

--- Options of each function, as rows of `fnf.check`.
---@type table<string, table<string, fnf.Row>>
local options = {
  static = { access_key_id = SECRET, access_key_secret = SECRET, security_token = { type = "secret" } },
  ecs_ram_role = { role_name = { type = "name", pattern = "^[%w._@-]+$", rule = "a role's name" }, token_only = FLAG,
    endpoint = NAME },
  assume_role = with(ROLE, { external_id = NAME, source = { type = "any" } }),
  oidc = with(ROLE, { provider_arn = NAME, token_file = NAME }),
  uri = { uri = NAME },
  process = { command = { type = "any", required = true }, timeout = { type = "seconds", maximum = 3600 } },
}

local COLON = "call it with a dot, fnf.credentials.%s"

--- The settings of a source, copied; misuse raises two levels up.
local function read(name, given)
  given = given == nil and {} or given
  local problem = given == credentials and COLON:format(name) or check.table(given, options[name], "option")
  if problem then
    error(("fnf.credentials.%s: %s"):format(name, problem), 3)
  end
  return with(given, {})
end

local function raise(name, problem)
  error(("fnf.credentials.%s: %s"):format(name, problem), 3)
end

--- What is wrong with the settings of a role that are right by their rows, or nil.
local function validate_role(settings)
  local policy = settings.policy
  if type(policy) == "string" and not parse.object(policy) or type(policy) == "table" and policy[1] ~= nil then
    return "option policy must be a JSON object"
  end
  local problem = settings.sts_endpoint and select(2, sources.sts.find_address(settings.sts_endpoint))
  return problem and "option sts_endpoint " .. problem
end

--- What is wrong with a command, or nil.
local function validate_command(command)
  if type(command) == "string" then
    return select(2, sources.process.split(command))
  elseif type(command) ~= "table" then
    return "must be a string or a list of strings"
  elseif not command[1] then
    return "is empty"
  end
  for _, word in ipairs(command) do
    if type(word) ~= "string" or word:find("%z") then
      return "must be a list of strings without NUL bytes"
    end
  end
end

--- A source as a link of a chain; `find` gives it, for the module is loaded when it is first asked.
---@return fnf.Link
local function link(name, find, settings)
  return {
    name = name,
    skip = function(context)
      local skip = find().skip
      return skip and skip(context)
    end,
    fetch = function(context)
      return find().fetch(context, settings)
    end,
  }
end

--- Keys that are given.
---@param given { access_key_id: string, access_key_secret: string, security_token?: string }
---@return fnf.CredentialsProvider
function credentials.static(given)
  return keys.provider(assert(keys.new(read("static", given))))
end

--- Keys from the environment.
---@return fnf.CredentialsProvider
function credentials.env()
  return provider.new { name = "env", fetch = keys.from_environment }
end

--- A profile by its name, of the CLI's configuration, else a section of the credentials file.
---@param name? string without one: ALIBABA_CLOUD_PROFILE, else the file's own default
---@return fnf.CredentialsProvider
function credentials.profile(name)
  if name == credentials then
    error("fnf.credentials.profile: " .. COLON:format("profile"), 2)
  end
  local problem = name ~= nil and check.types.name(name, {})
  if problem then
    raise("profile", "the name " .. problem)
  end
  local settings = { name = name, memory = {} }
  return provider.new {
    name = name and "profile " .. name or "profile",
    patience = PROGRAM_PATIENCE,
    fetch = chain.new({
      { name = "cli_profile", fetch = function(context) return sources.cli_profile.fetch(context, settings) end },
      link("profile", function() return sources.credentials_file end, settings),
    }, "", "configure it with the vendor's CLI, or write the credentials file"),
    region = function(context) return sources.cli_profile.region(context, settings) end,
  }
end

--- The role of the ECS instance this runs on.
---@param given? { role_name?: string, token_only?: boolean, endpoint?: string } token_only: never by IMDSv1
---@return fnf.CredentialsProvider
function credentials.ecs_ram_role(given)
  local settings = read("ecs_ram_role", given)
  if settings.endpoint then
    local found, problem = endpoint.of_address(settings.endpoint)
    if not found then
      raise("ecs_ram_role", "option endpoint " .. problem)
    end
    settings.endpoint = found.url
  end
  return provider.new { name = "ecs_ram_role", settings = settings, fetch = function(context)
    return sources.ecs_ram_role.fetch(context, settings)
  end }
end

--- A role assumed with another key: `source`, else the default chain.
---@param given fnf.RoleSettings|{ source?: fnf.CredentialsProvider|function }
---@return fnf.CredentialsProvider
function credentials.assume_role(given)
  local settings = read("assume_role", given)
  local problem = validate_role(settings)
  local source, unfit = credentials.of(settings.source or credentials.default())
  if problem or not source then
    raise("assume_role", problem or "option source " .. unfit)
  end
  return provider.new { name = "ram_role_arn", settings = with(settings, { source = source }), fetch = function(context)
    return sources.sts.assume_role.fetch(context, settings, source)
  end }
end

--- A role assumed with an OpenID Connect token; what is not given comes from the environment.
---@param given? fnf.RoleSettings|{ provider_arn?: string, token_file?: string }
---@return fnf.CredentialsProvider
function credentials.oidc(given)
  local settings = read("oidc", given)
  local problem = validate_role(settings)
  if problem then
    raise("oidc", problem)
  end
  return provider.new { name = "oidc_role_arn", settings = settings, fetch = function(context)
    return sources.sts.oidc.fetch(context, settings)
  end }
end

--- A URI that answers with keys: https, or http to this machine. Without one: ALIBABA_CLOUD_CREDENTIALS_URI.
---@param given? { uri?: string }
---@return fnf.CredentialsProvider
function credentials.uri(given)
  local settings = read("uri", given)
  local problem = settings.uri and require("fnf.credentials.input").validate_url(settings.uri)
  if problem then
    raise("uri", "option uri " .. problem)
  end
  return provider.new { name = "credential_uri", settings = settings, fetch = function(context)
    return sources.uri.fetch(context, settings)
  end }
end

--- A program that prints keys, as the CLI's mode External; no shell, 60 s and 64 KiB at most.
---@param given { command: string|string[], timeout?: number } a string is split by POSIX quoting rules
---@return fnf.CredentialsProvider
function credentials.process(given)
  local settings = read("process", given)
  local problem = validate_command(settings.command)
  if problem then
    raise("process", "option command " .. problem)
  end
  return provider.new { name = "external", settings = settings,
    patience = settings.timeout and settings.timeout + 10 or PROGRAM_PATIENCE,
    fetch = function(context) return sources.process.fetch(context, settings) end }
end

--- The default chain, in the order of the vendor's libraries (CREDENTIALS.md section 1).
---@return fnf.CredentialsProvider
function credentials.default()
  local settings = { memory = {} }
  return provider.new {
    name = "default",
    fetch = chain.new({
      { name = "env", fetch = keys.from_environment },
      link("oidc_role_arn", function() return sources.sts.oidc end, settings),
      link("cli_profile", function() return sources.cli_profile end, settings),
      link("profile", function() return sources.credentials_file end, settings),
      link("ecs_ram_role", function() return sources.ecs_ram_role end, settings),
      link("credential_uri", function() return sources.uri end, settings),
    }, "default/", HINT),
    region = function(context)
      return not sources.cli_profile.skip(context) and sources.cli_profile.region(context, settings) or nil
    end,
  }
end

--- What a function of the user's gave, checked.
local function take(found, reason)
  if type(found) == "table" then
    return parse.new(found, "function")
  elseif errors.is(reason) then
    return nil, reason
  end
  return nil, errors.credentials("the function that gives credentials gave none: " .. tostring(reason or "no reason"))
end

--- The provider of what was given as `credentials`: one of these, or a function that returns fnf.Credentials or nil and
--- a reason.
---@param given any
---@return fnf.CredentialsProvider|nil
---@return string|nil problem
function credentials.of(given)
  if provider.is(given) then
    return given
  elseif type(given) == "function" then
    return provider.new { name = "function", settings = { given = given },
      fetch = function(context) return take(given(context)) end }
  end
  return nil, "must be one of fnf.credentials, or a function"
end

return credentials
