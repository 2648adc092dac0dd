--- The control URL, /_fnf/: what a test or a person tells the emulator to be, JSON in and out.
-- SPDX-License-Identifier: MIT

local hold = require "fnf.emulator.hold"
local clock = require "fnf.emulator.clock"
local execution = require "fnf.emulator.execution"
local faults = require "fnf.emulator.faults"
local fields = require "fnf.emulator.fields"
local identity = require "fnf.emulator.identity"
local journal = require "fnf.emulator.journal"
local map_run = require "fnf.emulator.map_run"
local quota = require "fnf.emulator.quota"
local request = require "fnf.emulator.request"
local script = require "fnf.emulator.script"
local store = require "fnf.emulator.store"
local json = require "fnf.emulator.json"

local control = {}

local function describe(run)
  local ends, status = map_run.ending(run)
  local final = ends and map_run.describe(run, ends)
  return {
    FlowName = run.FlowName, ExecutionName = run.ExecutionName, MapRunName = run.MapRunName,
    ends_after = ends and ends - run.created, final_status = status, final_counts = final and final.ItemCounts,
  }
end

local function is_filled(value)
  return fields.is_text(value) and value ~= ""
end

local key_rows = {
  id = fields.custom(is_filled, "a text that is not empty"),
  secret = fields.custom(is_filled, "a text that is not empty"),
  token = fields.text(), expires_in = fields.shift(),
  inactive = fields.flag(), deny = fields.list(fields.is_text, "a list of operations"),
}
key_rows.id.required, key_rows.secret.required = true, true

local function clock_now()
  local self, real = store.clock, ngx.now()
  return {
    simulated = clock.simulated(self, real), rate = self.rate, offset = self.offset,
    service_time = clock.service(self, real),
  }
end

local routes = {}

routes["POST reset"] = function()
  store.reset(ngx.now())
  return {}
end

routes["POST map_runs"] = function(specification)
  local run, message = store.add_map_run(specification)
  if not run then
    return nil, message
  end
  return describe(run)
end

routes["POST scripts"] = function(given)
  local complete, message = script.read(given)
  if not complete then
    return nil, message
  end
  store.scripts[complete.FlowName or 1] = complete
  return {}
end

-- Those that wait for a report now.
routes["GET tasks"] = function()
  local now, list = store.simulated(), {}
  for token, task in pairs(store.tasks) do
    local self = task.execution
    for _, passage in ipairs(execution.course(self, now).passages) do
      if passage.step == task.step and passage.from <= now and not task.step.report and not self.stop then
        list[#list + 1] = {
          FlowName = self.FlowName, ExecutionName = self.Name, StepName = task.step.name, TaskToken = token,
        }
      end
    end
  end
  table.sort(list, function(a, b)
    return a.TaskToken < b.TaskToken
  end)
  return { tasks = list[1] and list or nil }
end

routes["POST faults"] = function(fault)
  local done, message = faults.add(store.faults, fault)
  if not done then
    return nil, message
  end
  return { waiting = #store.faults }
end

routes["GET faults"] = function()
  return { waiting = #store.faults }
end

routes["POST quota"] = function(settings)
  local message = quota.validate(settings)
  if message then
    return nil, message
  end
  store.quota = settings.enforce and quota.new(settings.limits, settings.resources) or nil
  return {}
end

routes["GET clock"] = function()
  return clock_now()
end

routes["POST clock"] = function(wanted)
  local done, message = clock.change(store.clock, wanted, ngx.now())
  if not done then
    return nil, message
  end
  return clock_now()
end

routes["POST keys"] = function(key)
  local message = fields.validate(key, key_rows)
  if message then
    return nil, message
  end
  local expires = key.expires_in and clock.service(store.clock, ngx.now()) + key.expires_in
  store.keys[key.id] = {
    id = key.id, secret = key.secret, token = key.token, expires = expires,
    inactive = key.inactive, deny = key.deny,
  }
  return {}
end

routes["GET identity"] = function()
  return identity.shown()
end

routes["POST identity"] = function(wanted)
  local done, message = identity.change(wanted)
  if not done then
    return nil, message
  end
  return identity.shown()
end

-- What ALIBABA_CLOUD_CREDENTIALS_URI may name.
routes["GET credentials"] = function()
  local object = identity.issue()
  object.Code = "Success"
  return object
end

-- Ends a key at once, the latest one issued unless another is named.
routes["POST expire"] = function(wanted)
  local key = store.keys[wanted.id or identity.state().latest or ""]
  if not key then
    return nil, "no such key"
  end
  key.expires = 0
  return {}
end

routes["GET requests"] = function()
  return {
    total = store.journal.total, answers = store.journal.answers, requests = journal.latest(store.journal),
  }
end

routes["GET info"] = function()
  return {
    name = "fnf emulator", quota = store.quota ~= nil, gateway = store.gateway, nginx = ngx.config.nginx_version,
    clock = clock_now(),
  }
end

local function input()
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  if not body then
    return {}
  end
  local value = json.decode(body)
  return type(value) == "table" and value or nil
end

-- What a client of temporary keys asks, and can add no header to.
local OPEN = { ["GET credentials"] = true }

-- Why the request may not come in; nil if it may. A page in a browser can send a request to this machine, by its own
-- name made to lead here or across origins, and it must neither read keys nor change anything.
local function refusal(name)
  if not request.is_local(ngx.var.http_host) then
    return "the Host must be 127.0.0.1, localhost or [::1]"
  elseif OPEN[name] then
    return ngx.var.http_origin and "not for pages in a browser" or nil
  elseif ngx.var.http_x_fnf_token ~= store.token then
    return "the header X-Fnf-Token must hold the emulator's token"
  end
end

-- Status, and what is told as JSON.
local function answer(name)
  local forbidden, route = refusal(name), routes[name]
  if forbidden then
    return 403, { error = forbidden }
  elseif not route then
    return 404, { error = "no such control" }
  end
  local value = input()
  if not value then
    return 400, { error = "the body must be a JSON object" }
  end
  local result, message = route(value)
  hold.tell()
  return result and 200 or 400, result or { error = message }
end

--- Serves one request under /_fnf/.
function control.serve()
  local status, object = answer(ngx.var.request_method .. " " .. ngx.var.uri:match "^/_fnf/(.*)$")
  local body = json.encode(object)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

return control
