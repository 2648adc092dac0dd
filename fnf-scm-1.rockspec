rockspec_format = "3.0"
package = "fnf"
version = "scm-1"

-- Built from a checkout: `luarocks make`.
source = {
  url = ".",
}

description = {
  summary = "Client of Alibaba Cloud CloudFlow (fnf): every operation, retries, and waiting for a MapRun",
  detailed = [[
    Calls CloudFlow (Serverless Workflow, product fnf, API 2019-03-15) from Lua 5.1 to 5.4 and LuaJIT, in a script or
    inside OpenResty without blocking a worker. Survives throttling and failures, and waits for a MapRun until it has
    Succeeded, Failed or Aborted. A C core signs (OpenSSL) and does HTTP (libcurl).
  ]],
  license = "MIT",
}

-- lua-cjson is needed too and not listed: OpenResty and every distribution bring it, and a rock of it would shadow
-- OpenResty's own, and make `luarocks make` need a network. Elsewhere: `luarocks install lua-cjson`.
dependencies = {
  "lua >= 5.1, < 5.5",
}

-- By library: a header test fails on Debian, which keeps curl.h in a folder of the architecture.
external_dependencies = {
  CRYPTO = { library = "crypto" },
  CURL = { library = "curl" },
}

build = {
  type = "builtin",
  modules = {
    fnf = "lua/fnf.lua",
    ["fnf.attempt"] = "lua/fnf/attempt.lua",
    ["fnf.check"] = "lua/fnf/check.lua",
    ["fnf.client"] = "lua/fnf/client.lua",
    ["fnf.credentials"] = "lua/fnf/credentials.lua",
    ["fnf.credentials.assume_role"] = "lua/fnf/credentials/assume_role.lua",
    ["fnf.credentials.chain"] = "lua/fnf/credentials/chain.lua",
    ["fnf.credentials.cli_profile"] = "lua/fnf/credentials/cli_profile.lua",
    ["fnf.credentials.cloud_sso"] = "lua/fnf/credentials/cloud_sso.lua",
    ["fnf.credentials.ecs_ram_role"] = "lua/fnf/credentials/ecs_ram_role.lua",
    ["fnf.credentials.env"] = "lua/fnf/credentials/env.lua",
    ["fnf.credentials.exchange"] = "lua/fnf/credentials/exchange.lua",
    ["fnf.credentials.file"] = "lua/fnf/credentials/file.lua",
    ["fnf.credentials.ini"] = "lua/fnf/credentials/ini.lua",
    ["fnf.credentials.oauth"] = "lua/fnf/credentials/oauth.lua",
    ["fnf.credentials.oidc"] = "lua/fnf/credentials/oidc.lua",
    ["fnf.credentials.process"] = "lua/fnf/credentials/process.lua",
    ["fnf.credentials.record"] = "lua/fnf/credentials/record.lua",
    ["fnf.credentials.static"] = "lua/fnf/credentials/static.lua",
    ["fnf.credentials.uri"] = "lua/fnf/credentials/uri.lua",
    ["fnf.credentials.variables"] = "lua/fnf/credentials/variables.lua",
    ["fnf.credentials.wallet"] = "lua/fnf/credentials/wallet.lua",
    ["fnf.credentials.words"] = "lua/fnf/credentials/words.lua",
    ["fnf.emulator"] = "lua/fnf/emulator.lua",
    ["fnf.emulator.certificate"] = "lua/fnf/emulator/certificate.lua",
    ["fnf.emulator.clock"] = "lua/fnf/emulator/clock.lua",
    ["fnf.emulator.command"] = "lua/fnf/emulator/command.lua",
    ["fnf.emulator.control"] = "lua/fnf/emulator/control.lua",
    ["fnf.emulator.curve"] = "lua/fnf/emulator/curve.lua",
    ["fnf.emulator.definition"] = "lua/fnf/emulator/definition.lua",
    ["fnf.emulator.delivery"] = "lua/fnf/emulator/delivery.lua",
    ["fnf.emulator.errors"] = "lua/fnf/emulator/errors.lua",
    ["fnf.emulator.failures"] = "lua/fnf/emulator/failures.lua",
    ["fnf.emulator.fault_kinds"] = "lua/fnf/emulator/fault_kinds.lua",
    ["fnf.emulator.faults"] = "lua/fnf/emulator/faults.lua",
    ["fnf.emulator.flow"] = "lua/fnf/emulator/flow.lua",
    ["fnf.emulator.form"] = "lua/fnf/emulator/form.lua",
    ["fnf.emulator.gzip"] = "lua/fnf/emulator/gzip.lua",
    ["fnf.emulator.hints"] = "lua/fnf/emulator/hints.lua",
    ["fnf.emulator.identity"] = "lua/fnf/emulator/identity.lua",
    ["fnf.emulator.incoming"] = "lua/fnf/emulator/incoming.lua",
    ["fnf.emulator.journal"] = "lua/fnf/emulator/journal.lua",
    ["fnf.emulator.launch"] = "lua/fnf/emulator/launch.lua",
    ["fnf.emulator.map_run"] = "lua/fnf/emulator/map_run.lua",
    ["fnf.emulator.metadata"] = "lua/fnf/emulator/metadata.lua",
    ["fnf.emulator.nginx_binary"] = "lua/fnf/emulator/nginx_binary.lua",
    ["fnf.emulator.nginx_conf"] = "lua/fnf/emulator/nginx_conf.lua",
    ["fnf.emulator.nonces"] = "lua/fnf/emulator/nonces.lua",
    ["fnf.emulator.operations"] = "lua/fnf/emulator/operations.lua",
    ["fnf.emulator.operations.aliases"] = "lua/fnf/emulator/operations/aliases.lua",
    ["fnf.emulator.operations.flows"] = "lua/fnf/emulator/operations/flows.lua",
    ["fnf.emulator.operations.map_runs"] = "lua/fnf/emulator/operations/map_runs.lua",
    ["fnf.emulator.operations.regions"] = "lua/fnf/emulator/operations/regions.lua",
    ["fnf.emulator.operations.schedules"] = "lua/fnf/emulator/operations/schedules.lua",
    ["fnf.emulator.operations.sts"] = "lua/fnf/emulator/operations/sts.lua",
    ["fnf.emulator.operations.versions"] = "lua/fnf/emulator/operations/versions.lua",
    ["fnf.emulator.outline"] = "lua/fnf/emulator/outline.lua",
    ["fnf.emulator.paging"] = "lua/fnf/emulator/paging.lua",
    ["fnf.emulator.parameters"] = "lua/fnf/emulator/parameters.lua",
    ["fnf.emulator.plan"] = "lua/fnf/emulator/plan.lua",
    ["fnf.emulator.ports"] = "lua/fnf/emulator/ports.lua",
    ["fnf.emulator.quota"] = "lua/fnf/emulator/quota.lua",
    ["fnf.emulator.server"] = "lua/fnf/emulator/server.lua",
    ["fnf.emulator.service"] = "lua/fnf/emulator/service.lua",
    ["fnf.emulator.shell"] = "lua/fnf/emulator/shell.lua",
    ["fnf.emulator.start"] = "lua/fnf/emulator/start.lua",
    ["fnf.emulator.store"] = "lua/fnf/emulator/store.lua",
    ["fnf.emulator.timestamp"] = "lua/fnf/emulator/timestamp.lua",
    ["fnf.emulator.verify"] = "lua/fnf/emulator/verify.lua",
    ["fnf.endpoint"] = "lua/fnf/endpoint.lua",
    ["fnf.errors"] = "lua/fnf/errors.lua",
    ["fnf.json"] = "lua/fnf/json.lua",
    ["fnf.map_runs"] = "lua/fnf/map_runs.lua",
    ["fnf.methods"] = "lua/fnf/methods.lua",
    ["fnf.ngx"] = "lua/fnf/ngx.lua",
    ["fnf.ngx.board"] = "lua/fnf/ngx/board.lua",
    ["fnf.ngx.exchange"] = "lua/fnf/ngx/exchange.lua",
    ["fnf.ngx.framing"] = "lua/fnf/ngx/framing.lua",
    ["fnf.ngx.keeper"] = "lua/fnf/ngx/keeper.lua",
    ["fnf.ngx.metrics"] = "lua/fnf/ngx/metrics.lua",
    ["fnf.ngx.page"] = "lua/fnf/ngx/page.lua",
    ["fnf.ngx.race"] = "lua/fnf/ngx/race.lua",
    ["fnf.ngx.script"] = "lua/fnf/ngx/script.lua",
    ["fnf.ngx.status"] = "lua/fnf/ngx/status.lua",
    ["fnf.ngx.style"] = "lua/fnf/ngx/style.lua",
    ["fnf.ngx.view"] = "lua/fnf/ngx/view.lua",
    ["fnf.ngx.watch"] = "lua/fnf/ngx/watch.lua",
    ["fnf.operations"] = "lua/fnf/operations.lua",
    ["fnf.pages"] = "lua/fnf/pages.lua",
    ["fnf.platform.openresty"] = "lua/fnf/platform/openresty.lua",
    ["fnf.platform.plain"] = "lua/fnf/platform/plain.lua",
    ["fnf.platform.program"] = "lua/fnf/platform/program.lua",
    ["fnf.progress"] = "lua/fnf/progress.lua",
    ["fnf.request"] = "lua/fnf/request.lua",
    ["fnf.response"] = "lua/fnf/response.lua",
    ["fnf.retry"] = "lua/fnf/retry.lua",
    ["fnf.run"] = "lua/fnf/run.lua",
    ["fnf.settings"] = "lua/fnf/settings.lua",
    ["fnf.start"] = "lua/fnf/start.lua",
    ["fnf.sts"] = "lua/fnf/sts.lua",
    ["fnf.time"] = "lua/fnf/time.lua",
    ["fnf.unlisted"] = "lua/fnf/unlisted.lua",
    ["fnf.waiter"] = "lua/fnf/waiter.lua",
    ["fnf.world"] = "lua/fnf/world.lua",
    ["fnf.core"] = {
      sources = {
        "csrc/lua_core.c", "csrc/lua_signer.c", "csrc/lua_host.c", "csrc/sign.c", "csrc/canonical.c", "csrc/random.c",
        "csrc/clock.c", "csrc/file.c", "csrc/process.c", "csrc/buf.c", "csrc/fnf.c",
      },
      libraries = { "crypto" },
      incdirs = { "$(CRYPTO_INCDIR)" },
      libdirs = { "$(CRYPTO_LIBDIR)" },
    },
    ["fnf.curl"] = {
      sources = {
        "csrc/lua_curl.c", "csrc/http.c", "csrc/transfer.c", "csrc/upload.c", "csrc/ca.c", "csrc/clock.c",
        "csrc/buf.c", "csrc/fnf.c",
      },
      libraries = { "curl" },
      incdirs = { "$(CURL_INCDIR)" },
      libdirs = { "$(CURL_LIBDIR)" },
    },
  },
}
