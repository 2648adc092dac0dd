--- A CloudFlow on this machine: starts it, and tells it over its control URL what to be.
-- SPDX-License-Identifier: MIT

local directories = require "fnf.emulator.directory"
local fields = require "fnf.emulator.fields"
local json = require "fnf.emulator.json"
local launch = require "fnf.emulator.launch"

local emulator = {}

local DEFAULT_KEY = { id = "emulator-key-id", secret = "emulator-key-secret" }

-- Nothing on this machine takes that long.
local CONTROL_TIMEOUT = 10

---@class fnf.emulator.Options
---@field quota? boolean enforce the documented request quotas; false by default
---@field gateway? boolean refuse in the words of the shared gateway instead of CloudFlow's own; false by default
---@field sample? boolean begin with the flow and the MapRuns of the README's examples; false by default
---@field keys? fnf.emulator.Key[] the accepted access keys; one made-up key by default
---@field port? integer for http; a free one by default
---@field https_port? integer a free one by default
---@field token? string that requests to /_fnf/ must hold; a random one by default
---@field directory? string where nginx runs and logs, kept afterwards; a fresh one that is removed by default

---@class fnf.Emulator
---@field url string
---@field https_url string
---@field token string for requests of one's own to /_fnf/: the header X-Fnf-Token
---@field ca_file string the CA that the https port's certificate is from
---@field access_key_id string
---@field access_key_secret string
---@field security_token? string
---@field process fnf.emulator.Process
local methods = {}

local metatable = { __index = methods, __name = "fnf.Emulator" }

local function is_key(key)
  return type(key) == "table" and fields.is_text(key.id) and fields.is_text(key.secret)
    and (key.token == nil or fields.is_text(key.token))
end

local rows = {
  quota = fields.flag(false),
  gateway = fields.flag(false),
  sample = fields.flag(false),
  keys = fields.custom(function(value)
    return fields.list(is_key).valid(value) and #value > 0
  end, "a list of { id =, secret = }", { DEFAULT_KEY }),
  port = fields.whole(1, 65535, "a port number"),
  https_port = fields.whole(1, 65535, "a port number"),
  token = fields.custom(function(value)
    return fields.is_text(value) and value:find "^[!-~]+$"
  end, "a text of visible ASCII characters"),
  directory = fields.custom(fields.is_text, "a path"),
}

--- Starts an emulator and returns once it answers. It ends with :stop(), and at the latest with this process.
---@param options? fnf.emulator.Options
---@return fnf.Emulator? handle
---@return string? message why nginx did not start
function emulator.start(options)
  local problem = fields.validate(options or {}, rows, "option")
  if problem then
    error("emulator: " .. problem, 2)
  end
  options = fields.complete(options or {}, rows)
  local keys, token = options.keys, options.token or directories.random_digits()
  local process, message = launch.start {
    port = options.port, https_port = options.https_port, directory = options.directory,
    settings = json.encode { token = token, keys = keys, quota = options.quota, gateway = options.gateway,
      sample = options.sample },
  }
  if not process then
    return nil, message
  end
  return setmetatable({
    process = process, ca_file = process.ca_file, token = token,
    url = ("http://127.0.0.1:%d"):format(process.port),
    https_url = ("https://127.0.0.1:%d"):format(process.https_port),
    access_key_id = keys[1].id, access_key_secret = keys[1].secret, security_token = keys[1].token,
  }, metatable)
end

local function exchange(self, method, path, body)
  if not self.pool then
    local found, curl = pcall(require, "fnf.curl")
    if not found then
      error("emulator: its methods need the library fnf to be installed as well", 3)
    end
    self.pool = assert(curl.pool { no_proxy = "*" })
  end
  local id = assert(self.pool:start {
    method = method, url = self.url .. "/_fnf/" .. path, body = body,
    headers = { ["X-Fnf-Token"] = self.token, ["Content-Type"] = body and "application/json" or nil },
    timeout = CONTROL_TIMEOUT, connect_timeout = CONTROL_TIMEOUT,
  })
  while self.pool:in_flight() > 0 do
    self.pool:wait(CONTROL_TIMEOUT)
  end
  local taken, status, headers, text = self.pool:take()
  assert(taken == id)
  if not status then
    return nil, ("the emulator does not answer: %s: %s"):format(headers, text)
  end
  return status, text
end

-- A method that sends its one argument to the control URL. What the emulator refuses is the caller's mistake and raised
-- where the method was called; nil and a message mean that it does not answer.
local function control(method, path)
  return function(self, input)
    local status, text = exchange(self, method, path, method == "POST" and json.encode(input or {}) or nil)
    if not status then
      return nil, text
    end
    local answer = assert(json.decode(text))
    if status ~= 200 then
      error("emulator: " .. answer.error, 2)
    end
    return answer
  end
end

--- Adds a MapRun; every field has a default, see emulator/README.md. The answer names it and says how it will end.
---@type fun(self: fnf.Emulator, specification?: table): table?, string?
methods.map_run = control("POST", "map_runs")

--- Says how executions to come go, of one flow (`FlowName`) or of all without a script; see emulator/README.md.
---@type fun(self: fnf.Emulator, script?: table): table?, string?
methods.script = control("POST", "scripts")

--- The tasks that wait for a report now, `tasks` is nil if there is none.
---@type fun(self: fnf.Emulator): { tasks?: table[] }?, string?
methods.tasks = control("GET", "tasks")

--- Scripts a fault for requests to come, see emulator/README.md.
---@type fun(self: fnf.Emulator, fault?: table): { waiting: integer }?, string?
methods.fault = control("POST", "faults")

--- Enforces the documented quotas, others (`limits` by operation, `resources` by name), or none.
---@type fun(self: fnf.Emulator, settings: { enforce: boolean, limits?: table, resources?: table }): table?, string?
methods.quota = control("POST", "quota")

--- Changes the clocks: `freeze`, `rate`, `advance`, `offset`; without an argument only tells what they show (seconds).
---@type fun(self: fnf.Emulator, changes?: table): table?, string?
methods.clock = control("POST", "clock")

--- Adds an access key or changes one: `id`, `secret`, `token`, `expires_in` (seconds), `inactive`, `deny` (actions).
---@type fun(self: fnf.Emulator, key: table): table?, string?
methods.key = control("POST", "keys")

--- How temporary keys are issued by STS, metadata service and /_fnf/credentials: `life` (seconds), `role`, `metadata`
-- ("both", "v1", "v2", "none"), `oidc_token`. The answer tells the settings, and `issued` and `latest`.
---@type fun(self: fnf.Emulator, changes?: table): table?, string?
methods.identity = control("POST", "identity")

--- Ends a key at once: the latest one issued, unless `id` names another.
---@type fun(self: fnf.Emulator, key?: { id: string }): table?, string?
methods.expire = control("POST", "expire")

--- The latest requests of the service (2,000 are kept), oldest first, and how often each action was answered how.
---@type fun(self: fnf.Emulator): { total: integer, answers: table, requests: table[] }?, string?
methods.requests = control("GET", "requests")

--- Settings and clocks.
---@type fun(self: fnf.Emulator): table?, string?
methods.info = control("GET", "info")

--- Forgets everything that happened since the start.
---@type fun(self: fnf.Emulator): table?, string?
methods.reset = control("POST", "reset")

--- What nginx has logged, warnings and worse.
---@return string
function methods:error_log()
  return launch.error_log(self.process)
end

--- Waits until the emulator ends by itself or by Ctrl-C.
function methods:wait()
  launch.wait(self.process)
end

--- Ends the emulator; it is gone when this returns.
function methods:stop()
  if self.pool then
    self.pool:close()
  end
  self.pool = nil
  launch.stop(self.process)
end

return emulator
