rockspec_format = "3.0"
package = "fnf-emulator"
version = "scm-1"

-- Built from a checkout: `cd emulator && luarocks make`.
source = {
  url = ".",
}

description = {
  summary = "A CloudFlow (Alibaba Cloud Serverless Workflow, fnf) on this machine, to test flows and failures against",
  detailed = [[
    A local server that speaks the CloudFlow API (2019-03-15): it checks signatures, simulates executions and MapRuns in
    a time of its own, enforces quotas and misbehaves when asked to. Runs in nginx with the Lua module, or OpenResty.
  ]],
  license = "MIT",
}

-- The rest is nginx's business, whatever Lua this rock is installed for: nginx with its Lua module, lua-resty-core,
-- lua-cjson and lyaml (Debian: lua-yaml) for Lua 5.1, OpenSSL's libcrypto. `fnf-emulator` says what is missing.
dependencies = {
  "lua >= 5.1, < 5.6, ~= 5.2",
}

build = {
  type = "builtin",
  modules = {
    ["fnf.emulator"] = "lua/fnf/emulator.lua",
    ["fnf.emulator.children"] = "lua/fnf/emulator/children.lua",
    ["fnf.emulator.clock"] = "lua/fnf/emulator/clock.lua",
    ["fnf.emulator.command"] = "lua/fnf/emulator/command.lua",
    ["fnf.emulator.control"] = "lua/fnf/emulator/control.lua",
    ["fnf.emulator.crypto"] = "lua/fnf/emulator/crypto.lua",
    ["fnf.emulator.definition"] = "lua/fnf/emulator/definition.lua",
    ["fnf.emulator.delivery"] = "lua/fnf/emulator/delivery.lua",
    ["fnf.emulator.directory"] = "lua/fnf/emulator/directory.lua",
    ["fnf.emulator.errors"] = "lua/fnf/emulator/errors.lua",
    ["fnf.emulator.events"] = "lua/fnf/emulator/events.lua",
    ["fnf.emulator.execution"] = "lua/fnf/emulator/execution.lua",
    ["fnf.emulator.faults"] = "lua/fnf/emulator/faults.lua",
    ["fnf.emulator.fields"] = "lua/fnf/emulator/fields.lua",
    ["fnf.emulator.flow"] = "lua/fnf/emulator/flow.lua",
    ["fnf.emulator.hold"] = "lua/fnf/emulator/hold.lua",
    ["fnf.emulator.identity"] = "lua/fnf/emulator/identity.lua",
    ["fnf.emulator.journal"] = "lua/fnf/emulator/journal.lua",
    ["fnf.emulator.json"] = "lua/fnf/emulator/json.lua",
    ["fnf.emulator.launch"] = "lua/fnf/emulator/launch.lua",
    ["fnf.emulator.map_run"] = "lua/fnf/emulator/map_run.lua",
    ["fnf.emulator.nginx_binary"] = "lua/fnf/emulator/nginx_binary.lua",
    ["fnf.emulator.operations"] = "lua/fnf/emulator/operations.lua",
    ["fnf.emulator.operations.executions"] = "lua/fnf/emulator/operations/executions.lua",
    ["fnf.emulator.operations.flows"] = "lua/fnf/emulator/operations/flows.lua",
    ["fnf.emulator.operations.history"] = "lua/fnf/emulator/operations/history.lua",
    ["fnf.emulator.operations.map_runs"] = "lua/fnf/emulator/operations/map_runs.lua",
    ["fnf.emulator.operations.regions"] = "lua/fnf/emulator/operations/regions.lua",
    ["fnf.emulator.operations.schedules"] = "lua/fnf/emulator/operations/schedules.lua",
    ["fnf.emulator.operations.sts"] = "lua/fnf/emulator/operations/sts.lua",
    ["fnf.emulator.operations.versions"] = "lua/fnf/emulator/operations/versions.lua",
    ["fnf.emulator.paging"] = "lua/fnf/emulator/paging.lua",
    ["fnf.emulator.ports"] = "lua/fnf/emulator/ports.lua",
    ["fnf.emulator.quota"] = "lua/fnf/emulator/quota.lua",
    ["fnf.emulator.request"] = "lua/fnf/emulator/request.lua",
    ["fnf.emulator.script"] = "lua/fnf/emulator/script.lua",
    ["fnf.emulator.server"] = "lua/fnf/emulator/server.lua",
    ["fnf.emulator.service"] = "lua/fnf/emulator/service.lua",
    ["fnf.emulator.shape"] = "lua/fnf/emulator/shape.lua",
    ["fnf.emulator.shell"] = "lua/fnf/emulator/shell.lua",
    ["fnf.emulator.signature"] = "lua/fnf/emulator/signature.lua",
    ["fnf.emulator.store"] = "lua/fnf/emulator/store.lua",
    ["fnf.emulator.timestamp"] = "lua/fnf/emulator/timestamp.lua",
    ["fnf.emulator.verify"] = "lua/fnf/emulator/verify.lua",
  },
  install = {
    bin = { ["fnf-emulator"] = "bin/fnf-emulator" },
  },
}
