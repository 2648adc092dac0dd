-- One answer over HTTPS and out: `start.lua ENDPOINT`.
-- SPDX-License-Identifier: MIT
local client = require("fnf").new { endpoint = arg[1], access_key_id = "LTAI5tAbCdEfGhIjKlMnOpQr",
  access_key_secret = "a-secret-of-thirty-characters." }
assert(client:describe_map_run { FlowName = "orders-flow", ExecutionName = "exec-2026-11-23-0001",
  MapRunName = "c39142f1345b196d678333c41f113200" })
