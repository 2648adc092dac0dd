--- The work of the torture: a new client that describes a MapRun, whole. Its arguments are in the first line of code.
-- SPDX-License-Identifier: MIT

local endpoint, ca_file, id, secret, flow, execution, map_run, start = ...
local fnf = require "fnf"
local errors = require "fnf.errors"

local function work()
  local made, client, problem = pcall(fnf.new, { endpoint = endpoint, ca_file = ca_file ~= "" and ca_file or nil,
    access_key_id = id, access_key_secret = secret, max_attempts = 1, timeout = 60, no_proxy = "*" })
  if not made then -- a file that cannot be read is a wrong option
    return client:find("option ca_file: cannot read", 1, true) and "error: " .. client or error(client, 0)
  elseif not client then
    return errors.is(problem) and "error: " .. tostring(problem) or "no error object: " .. tostring(problem)
  end
  local run, err = client:describe_map_run { FlowName = flow, ExecutionName = execution, MapRunName = map_run }
  client:close()
  if run then
    return run.MapRunName == map_run and type(run.Status) == "string" and "right" or "a wrong answer"
  end
  return errors.is(err) and "error: " .. tostring(err) or "no error object: " .. tostring(err)
end

-- A cold start has Lua's loader and what libraries initialize once in a process within what fails. Some of these stay
-- unusable if memory fails just then, so that a warm one has done everything once before.
if start == "warm" then
  local first = work()
  assert(first == "right", first)
end
return work
