--- What the specs ask an nginx to do with the client, as request handlers: outcomes come back as JSON.
-- SPDX-License-Identifier: MIT

local cjson = require("cjson").new()
local errors = require "fnf.errors"
local fnf = require "fnf"

local calls = {}

local KEY = { access_key_id = "id", access_key_secret = "secret" }

--- A client of an address; its other options are the caller's.
function calls.client(endpoint, options)
  local all = { endpoint = endpoint }
  for _, source in ipairs { KEY, options or {} } do
    for name, value in pairs(source) do
      all[name] = value
    end
  end
  return fnf.new(all)
end

--- A result or an error as plain data.
function calls.outcome(result, err)
  if result then
    return { Status = result.Status, MapRunName = result.MapRunName, RequestId = result.RequestId }
  end
  return { kind = err.kind, code = err.code, status = err.status, sent = err.sent, retryable = err.retryable,
    message = err.message, text = errors.is(err) and tostring(err) or "no fnf.Error" }
end

--- Describe the MapRun "m" of a flow.
function calls.describe(client, flow, options)
  return calls.outcome(client:describe_map_run({ FlowName = flow, ExecutionName = "e", MapRunName = "m" }, options))
end

--- Send a value to whoever asked.
function calls.say(value)
  ngx.say(cjson.encode(value))
end

return calls
