--- The service as data: one row an operation. Adding an operation is adding a row.
-- SPDX-License-Identifier: MIT
--
-- A row:
--   action       the service's name of it
--   method       HTTP method; GET carries its parameters in the query, POST in the form body (API.md section 1)
--   parameters   name -> row of `fnf.check`, plus query = true for what stays in the query of a POST
--   repeatable   true: twice does what once does, so an unclear attempt may be repeated (section 5)
--   quota        requests at once and per second, for the whole account (section 6)
--   final        values of Status after which what it describes changes no more
--   answer       what a sensible answer has: `must` is there, `same` is what was asked for, `floats` are no integers

local NAME = { type = "name", required = true }
local OTHER = { burst = 10, rate = 2 }

---@class fnf.Operation
---@field action string
---@field method "GET"|"POST"
---@field parameters table<string, fnf.Row>
---@field repeatable boolean
---@field quota { burst: integer, rate: number }
---@field final? table<string, boolean> values of Status after which what is described changes no more
---@field answer? { must?: string, same?: string, floats?: table<string, boolean> }

---@type table<string, fnf.Operation>
local operations = {
  describe_map_run = {
    action = "DescribeMapRun",
    method = "GET",
    parameters = {
      FlowName = NAME,
      ExecutionName = NAME,
      MapRunName = NAME,
      RequestId = { type = "name" },
    },
    repeatable = true,
    quota = OTHER,
    -- The page lists the statuses, not their meaning (section 4); one we do not know is not final.
    final = { Succeeded = true, Failed = true, Aborted = true },
    answer = { must = "Status", same = "MapRunName", floats = { ToleratedFailedPercentage = true } },
  },
}

return operations
