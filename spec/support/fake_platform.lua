--- What the pure specs ask about, on the fake that users get as `fnf.testing`: names, answers and a clock at 1000.
-- SPDX-License-Identifier: MIT
--
--   local cloud = fake_platform.new { { status = 500 }, fake_platform.run { Status = "Succeeded" } }
--   local client = cloud:client()
--   ... cloud.sent[1].query.Action, cloud.sleeps[1], cloud.clock

local platform = require "fnf.testing.platform"
local testing = require "fnf.testing"

local fake_platform = { of = platform.of, heard = platform.heard, parameters = platform.parameters }

--- What the specs ask about.
fake_platform.names = { FlowName = "orders", ExecutionName = "nightly-1",
  MapRunName = "5f2c8d1e0a7b4c3d9e6f8a1b2c3d4e5f" }
fake_platform.secret = "S3cretOfTheSpec"
fake_platform.token = "TokenOfTheSpec/+=="

local START = 1000 -- seconds of the clock when a fake begins

---- rows ----

--- An answer about a MapRun: that of `fake_platform.names` unless the fields say otherwise.
function fake_platform.run(fields, row)
  local names = fake_platform.names
  local run = { MapRunName = names.MapRunName, ExecutionName = names.ExecutionName, Status = "Running",
    RequestId = "request-of-the-run" }
  for name, value in pairs(fields or {}) do
    run[name] = value
  end
  row = row or {}
  row.body = run
  return row
end

--- A refusal in the service's envelope.
function fake_platform.refusal(status, code, message, headers)
  return { status = status, headers = headers,
    body = { Code = code, Message = message or "refused", RequestId = "request-of-the-refusal", HostId = "host" } }
end

--- The same row any number of times.
function fake_platform.passing(row, times)
  local copy = { times = times }
  for name, value in pairs(row) do
    copy[name] = value
  end
  return copy
end

---- the platform ----

--- A client on a fake's platform, with the key and the region of the specs unless the options say otherwise.
function fake_platform.client_of(self, options)
  local all = { access_key_id = "KeyOfTheSpec", access_key_secret = fake_platform.secret }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return assert(platform.client_of(self, all))
end

--- A fake that answers by the script.
function fake_platform.new(script)
  local self = testing.new(script)
  self.wall, self.clock = self.wall - START, START
  self.client = fake_platform.client_of
  return self
end

--- Wait for the run of `fake_platform.names` on a platform of its own: that, then what the wait returns.
function fake_platform.wait(script, options, client_options)
  local self = fake_platform.new(script)
  local run, err = self:client(client_options):wait_map_run(fake_platform.names, options)
  return self, run, err
end

return fake_platform
