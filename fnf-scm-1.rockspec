rockspec_format = "3.0"
package = "fnf"
version = "scm-1"

-- Built from a checkout: `luarocks make`; `make rock` packs it.
source = {
  url = ".",
}

description = {
  summary = "Client of Alibaba Cloud CloudFlow (fnf): every operation, retries, and waiting for a MapRun",
  detailed = [[
    Calls CloudFlow (Serverless Workflow, product fnf, API 2019-03-15) from Lua 5.1, 5.3, 5.4, 5.5 and LuaJIT, in a script
    or inside OpenResty without blocking a worker. Survives throttling and failures, and waits for a MapRun until it has
    Succeeded, Failed or Aborted. A C core signs (OpenSSL) and does HTTP (libcurl).
  ]],
  license = "MIT",
}

-- lua-cjson is needed too and not listed: OpenResty and every distribution bring it, and a rock of it would shadow
-- OpenResty's own, and make `luarocks make` need a network. Elsewhere: `luarocks install lua-cjson`.
dependencies = {
  "lua >= 5.1, < 5.6, ~= 5.2",
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
    ["fnf.ascii"] = "lua/fnf/ascii.lua",
    ["fnf.call.attempt"] = "lua/fnf/call/attempt.lua",
    ["fnf.call.context"] = "lua/fnf/call/context.lua",
    ["fnf.call.pages"] = "lua/fnf/call/pages.lua",
    ["fnf.call.rate_limiter"] = "lua/fnf/call/rate_limiter.lua",
    ["fnf.call.request"] = "lua/fnf/call/request.lua",
    ["fnf.call.response"] = "lua/fnf/call/response.lua",
    ["fnf.call.retry"] = "lua/fnf/call/retry.lua",
    ["fnf.call.unlisted"] = "lua/fnf/call/unlisted.lua",
    ["fnf.check"] = "lua/fnf/check.lua",
    ["fnf.client"] = "lua/fnf/client.lua",
    ["fnf.credentials"] = "lua/fnf/credentials.lua",
    ["fnf.credentials.chain"] = "lua/fnf/credentials/chain.lua",
    ["fnf.credentials.cli_profile"] = "lua/fnf/credentials/cli_profile.lua",
    ["fnf.credentials.credentials_file"] = "lua/fnf/credentials/credentials_file.lua",
    ["fnf.credentials.ecs_ram_role"] = "lua/fnf/credentials/ecs_ram_role.lua",
    ["fnf.credentials.input"] = "lua/fnf/credentials/input.lua",
    ["fnf.credentials.keys"] = "lua/fnf/credentials/keys.lua",
    ["fnf.credentials.parse"] = "lua/fnf/credentials/parse.lua",
    ["fnf.credentials.process"] = "lua/fnf/credentials/process.lua",
    ["fnf.credentials.provider"] = "lua/fnf/credentials/provider.lua",
    ["fnf.credentials.sign_in"] = "lua/fnf/credentials/sign_in.lua",
    ["fnf.credentials.sts"] = "lua/fnf/credentials/sts.lua",
    ["fnf.credentials.uri"] = "lua/fnf/credentials/uri.lua",
    ["fnf.endpoint"] = "lua/fnf/endpoint.lua",
    ["fnf.errors"] = "lua/fnf/errors.lua",
    ["fnf.execution.cause"] = "lua/fnf/execution/cause.lua",
    ["fnf.execution.children"] = "lua/fnf/execution/children.lua",
    ["fnf.execution.event_detail"] = "lua/fnf/execution/event_detail.lua",
    ["fnf.execution.explain"] = "lua/fnf/execution/explain.lua",
    ["fnf.execution.items"] = "lua/fnf/execution/items.lua",
    ["fnf.execution.map_runs"] = "lua/fnf/execution/map_runs.lua",
    ["fnf.execution.map_state"] = "lua/fnf/execution/map_state.lua",
    ["fnf.execution.report"] = "lua/fnf/execution/report.lua",
    ["fnf.execution.run"] = "lua/fnf/execution/run.lua",
    ["fnf.execution.run_again"] = "lua/fnf/execution/run_again.lua",
    ["fnf.execution.sample"] = "lua/fnf/execution/sample.lua",
    ["fnf.execution.start"] = "lua/fnf/execution/start.lua",
    ["fnf.json"] = "lua/fnf/json.lua",
    ["fnf.methods"] = "lua/fnf/methods.lua",
    ["fnf.native"] = "lua/fnf/native.lua",
    ["fnf.nearest"] = "lua/fnf/nearest.lua",
    ["fnf.ngx"] = "lua/fnf/ngx.lua",
    ["fnf.ngx.failures"] = "lua/fnf/ngx/failures.lua",
    ["fnf.ngx.metrics"] = "lua/fnf/ngx/metrics.lua",
    ["fnf.ngx.page"] = "lua/fnf/ngx/page.lua",
    ["fnf.ngx.poller"] = "lua/fnf/ngx/poller.lua",
    ["fnf.ngx.shared_state"] = "lua/fnf/ngx/shared_state.lua",
    ["fnf.ngx.status"] = "lua/fnf/ngx/status.lua",
    ["fnf.wait.view"] = "lua/fnf/wait/view.lua",
    ["fnf.ngx.watch"] = "lua/fnf/ngx/watch.lua",
    ["fnf.number"] = "lua/fnf/number.lua",
    ["fnf.operations"] = "lua/fnf/operations.lua",
    ["fnf.platform.nginx"] = "lua/fnf/platform/nginx.lua",
    ["fnf.platform.nginx_connect"] = "lua/fnf/platform/nginx_connect.lua",
    ["fnf.platform.nginx_framing"] = "lua/fnf/platform/nginx_framing.lua",
    ["fnf.platform.nginx_http"] = "lua/fnf/platform/nginx_http.lua",
    ["fnf.platform.nginx_threads"] = "lua/fnf/platform/nginx_threads.lua",
    ["fnf.platform.plain"] = "lua/fnf/platform/plain.lua",
    ["fnf.platform.program"] = "lua/fnf/platform/program.lua",
    ["fnf.platform.cancellable"] = "lua/fnf/platform/cancellable.lua",
    ["fnf.platform.scheduler"] = "lua/fnf/platform/scheduler.lua",
    ["fnf.platform.transfers"] = "lua/fnf/platform/transfers.lua",
    ["fnf.settings"] = "lua/fnf/settings.lua",
    ["fnf.platform.nginx_redis"] = "lua/fnf/platform/nginx_redis.lua",
    ["fnf.platform.plain_redis"] = "lua/fnf/platform/plain_redis.lua",
    ["fnf.share"] = "lua/fnf/share.lua",
    ["fnf.share.answers"] = "lua/fnf/share/answers.lua",
    ["fnf.share.connection"] = "lua/fnf/share/connection.lua",
    ["fnf.share.machines"] = "lua/fnf/share/machines.lua",
    ["fnf.share.permits"] = "lua/fnf/share/permits.lua",
    ["fnf.share.script"] = "lua/fnf/share/script.lua",
    ["fnf.testing"] = "lua/fnf/testing.lua",
    ["fnf.testing.platform"] = "lua/fnf/testing/platform.lua",
    ["fnf.time"] = "lua/fnf/time.lua",
    -- For editors; no program loads them.
    ["fnf.types"] = "lua/fnf/types.lua",
    ["fnf.types.client"] = "lua/fnf/types/client.lua",
    ["fnf.types.methods"] = "lua/fnf/types/methods.lua",
    ["fnf.types.module"] = "lua/fnf/types/module.lua",
    ["fnf.types.ngx"] = "lua/fnf/types/ngx.lua",
    ["fnf.types.parameters"] = "lua/fnf/types/parameters.lua",
    ["fnf.types.results"] = "lua/fnf/types/results.lua",
    ["fnf.wait.checkpoint"] = "lua/fnf/wait/checkpoint.lua",
    ["fnf.wait.group"] = "lua/fnf/wait/group.lua",
    ["fnf.wait.heap"] = "lua/fnf/wait/heap.lua",
    ["fnf.wait.history"] = "lua/fnf/wait/history.lua",
    ["fnf.wait.others"] = "lua/fnf/wait/others.lua",
    ["fnf.wait.poll_queue"] = "lua/fnf/wait/poll_queue.lua",
    ["fnf.wait.source"] = "lua/fnf/wait/source.lua",
    ["fnf.wait.sweep"] = "lua/fnf/wait/sweep.lua",
    ["fnf.wait.parent_execution"] = "lua/fnf/wait/parent_execution.lua",
    ["fnf.wait.progress"] = "lua/fnf/wait/progress.lua",
    ["fnf.wait.tolerance"] = "lua/fnf/wait/tolerance.lua",
    ["fnf.wait.wait"] = "lua/fnf/wait/wait.lua",
    ["fnf.core"] = {
      sources = {
        "csrc/lua_core.c", "csrc/lua_signer.c", "csrc/lua_host.c", "csrc/lua_normalize.c", "csrc/sign.c",
        "csrc/canonical.c", "csrc/random.c", "csrc/clock.c", "csrc/file.c", "csrc/process.c", "csrc/buf.c",
        "csrc/fnf.c",
      },
      libraries = { "crypto" },
      incdirs = { "$(CRYPTO_INCDIR)" },
      libdirs = { "$(CRYPTO_LIBDIR)" },
    },
    ["fnf.curl"] = {
      sources = {
        "csrc/lua_curl.c", "csrc/http.c", "csrc/transfer.c", "csrc/head.c", "csrc/resolve.c",
        "csrc/clock.c", "csrc/buf.c", "csrc/fnf.c",
      },
      libraries = { "curl" },
      incdirs = { "$(CURL_INCDIR)" },
      libdirs = { "$(CURL_LIBDIR)" },
    },
  },
}
