--- Client of Alibaba Cloud CloudFlow (fnf, API 2019-03-15): every operation, retries, and waiting for a MapRun.
-- SPDX-License-Identifier: MIT
--
--   local client = assert(fnf.new{ region = "cn-hangzhou" })
--   local run, err = client:wait_map_run({ FlowName = f, ExecutionName = e, MapRunName = m }, { timeout = 600 })

require "fnf.native" -- first: what needs the C modules below would fail in the loader's words

local check = require "fnf.check"
local client = require "fnf.client"
local errors = require "fnf.errors"
local json = require "fnf.json"
local methods = require "fnf.methods"

json.load() -- or nobody hears that lua-cjson is missing before the first answer

local AT_FIRST_TOUCH = { credentials = "fnf.credentials", progress = "fnf.wait.progress", share = "fnf.share" }

---@class fnf.Module
---@field _VERSION string
---@field credentials fnf.CredentialsModule where a key comes from
---@field progress fnf.ProgressModule what a wait knows of a run, by itself
local fnf = setmetatable({ _VERSION = client.VERSION }, { __index = function(self, name)
  local path = AT_FIRST_TOUCH[name]
  if not path then
    return nil
  end
  local loaded, module = pcall(require, path)
  if not loaded then -- a field has no second value to tell it by
    error(("fnf.%s: %s"):format(name, errors.not_loaded(module).message), 2)
  end
  self[name] = module
  return module
end })

local function platforms()
  local nginx = rawget(_G, "ngx") and require "fnf.platform.nginx"
  return nginx and nginx.is_here() and nginx or require "fnf.platform.plain"
end

if rawget(_G, "ngx") then -- its workers are forks: what is there when it starts is read from no disk in a request
  require "fnf.call.context"
  require "fnf.call.rate_limiter"
  require "fnf.credentials"
  require "fnf.platform.nginx_http"
  require "fnf.wait.progress"
  methods.load()
end

local function make(options)
  return client.new(options, platforms().new(type(options) == "table" and options or {}))
end

--- A client, or nil and what is wrong with the options, or an error of reading what a client needs.
local function new(options)
  local done, made, problem = pcall(make, options)
  if done then
    return made, problem
  end
  return nil, errors.not_loaded(made)
end

local COLON = "fnf.%s: call it with a dot, fnf.%s; only a client's methods take a colon"

--- Raise where the caller's function was called with a colon: its first argument is the module then.
local function refuse_colon(name, first)
  if first == fnf then
    error(COLON:format(name, name), 3)
  end
end

--- Make a client. Nothing is sent and no key is looked for before its first call.
---@param options? fnf.Options what is missing comes from the environment
---@return fnf.Client client nil only with an error
---@return fnf.Error|nil err no file can be read now: there is no descriptor left
function fnf.new(options)
  refuse_colon("new", options)
  local made, problem = new(options == nil and {} or options)
  if errors.is(problem) then
    return nil, problem
  elseif not made then
    error("fnf.new: " .. problem, 2)
  end
  return made
end

--- JSON text, such as the Input of an execution, as Lua values: null is nil, whole numbers are exact (their digits
--- as text where Lua cannot hold them), and an empty list is written as one again.
---@param text string
---@return any|nil
---@return string|nil reason
function fnf.decode(text)
  refuse_colon("decode", text)
  if type(text) ~= "string" then
    error("fnf.decode: a string expected, got " .. type(text), 2)
  end
  return json.decode(text)
end

local GATHER = { cancel = { type = "function" } }

local function gather_problem(functions, options)
  if type(functions) ~= "table" then
    return "a list of functions expected, got " .. type(functions)
  end
  for key, value in pairs(functions) do
    if type(value) ~= "function" or type(key) ~= "number" then
      return "a list of functions expected, got a table with more in it"
    end
  end
  if not check.is_list(functions) then
    return "a list of functions expected, got one with holes"
  end
  for _, value in ipairs(functions) do -- also those that a metatable has
    if type(value) ~= "function" then
      return "a list of functions expected, got a table with more in it"
    end
  end
  return options ~= nil and check.table(options, GATHER, "option") or nil
end

--- Run functions at the same time: any calls of any clients in them. The first that returns nil and an error, or
--- raises, ends the others.
---@param functions (fun(): any, any)[]
---@param options? { cancel?: fun(): any } asked ten times a second; true ends all
---@return any[]|nil results the first result of each, in their order
---@return any err
function fnf.gather(functions, options)
  refuse_colon("gather", functions)
  local problem = gather_problem(functions, options)
  if problem then
    error("fnf.gather: " .. problem, 2)
  end
  local found, platform = pcall(platforms)
  if not found then
    return nil, errors.not_loaded(platform)
  end
  return platform.gather(functions, options and options.cancel)
end

local default -- the client of the module's own functions, made of the environment at first use

for name, method in pairs(methods.rows) do
  fnf[name] = function(...)
    if method.is_lazy then
      local made, err = methods.make(method)
      if not made then
        return methods.fail(method, err --[[@as fnf.Error]], (select(2, ...)))
      end
    end
    local params, options, action = methods.arguments(method, ...)
    local problem
    refuse_colon(name, params)
    refuse_colon(name, action)
    if not default then
      default, problem = new {}
      if errors.is(problem) then
        return methods.fail(method, problem, options)
      end
      problem = problem and ("%s: %s"):format(name, problem)
    end
    problem = problem or methods.validate(name, default, params, options, action)
    if problem then
      error("fnf." .. problem, 2)
    end
    return methods.perform(method, default, params, options, action)
  end
end

return fnf
