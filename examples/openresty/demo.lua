--- `make openresty-demo`: the local emulator, an nginx that watches five MapRuns on it, and the address of the page.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local binary = require "fnf.emulator.nginx_binary"
local ports = require "fnf.emulator.ports"
local shell = require "fnf.emulator.shell"

-- nginx ends with the pipe that is its runner's standard input, that is with this process.
local RUNNER = [[
trap '' INT
exec 4<&0
mkdir "$1/www" && cd "$1/www"
sed "s/127.0.0.1:8088/127.0.0.1:$2/" "$3/examples/openresty/nginx.conf" >nginx.conf
export FNF_ENDPOINT="$4" ALIBABA_CLOUD_ACCESS_KEY_ID="$5" ALIBABA_CLOUD_ACCESS_KEY_SECRET="$6"
export LUA_PATH="$3/lua/?.lua;;" LUA_CPATH="$3/build/5.1/?.so;;"
"$7" -p "$1/www/" -c nginx.conf -g "daemon off; $8" </dev/null >nginx.out 2>&1 4<&- &
cat <&4 >/dev/null
kill $!
wait
rm -rf "$1"
]]

local RUNS = {
  { items = 30000, Concurrency = 100, item_duration = 0.4, failure_share = 0.01, ToleratedFailedPercentage = 5 },
  { items = 2000, Concurrency = 20, item_duration = 2, failure_share = 0.2, ToleratedFailedPercentage = 10 },
  { items = 400, Concurrency = 40, item_duration = 1, shape = "straggling" },
  { items = 5000, Concurrency = 50, item_duration = 1, abort_after = 25 },
  { items = 1000, Concurrency = 10, item_duration = 1, pending = 15 },
}

local path, modules = binary.find()
local cloud = assert(path and require("fnf.emulator").start(), modules)
local loads = {}
for i, file in ipairs(modules) do
  loads[i] = ("load_module %s;"):format(file)
end
local _, root = shell.run "pwd"
local _, user = shell.run "id -u"
local _, folder = shell.run "mktemp -d"
local port = ports.free_pair(folder)
local runner = assert(io.popen(shell.command(RUNNER, folder, tostring(port), root, cloud.url, cloud.access_key_id,
  cloud.access_key_secret, path, table.concat(loads, " ") .. (user == "0" and " user root;" or "")), "w"))
local address = ("http://127.0.0.1:%d"):format(port)
local web = assert(require("fnf.curl").pool { no_proxy = "*" })

--- GET; nil while nginx is not there yet.
local function get(target)
  assert(web:start { method = "GET", url = address .. target, timeout = 5, connect_timeout = 5 })
  repeat
    web:wait(5)
  until web:in_flight() == 0
  local _, status, _, body = web:take()
  return status and body
end

local patience = core.now() + 10
while not get "/metrics" do
  assert(core.now() < patience, "nginx does not answer; is its error.log in " .. folder .. "/www of help?")
  core.sleep(0.05)
end
for _, run in ipairs(RUNS) do
  local made = assert(cloud:map_run(run))
  get("/watch?" .. core.encode { "flow", made.FlowName, "execution", made.ExecutionName, "map_run", made.MapRunName })
end
web:close()
print(([[
Five MapRuns are watched. Open, for as long as you like:
  %s/             the page, live
  %s/metrics      for Prometheus
  %s/status.json
Ctrl-C ends all of it.]]):format(address, address, address))
io.stdout:flush()
cloud:wait()
runner:close()
