--- What a network does to a client, in a namespace of its own: a program that network_spec.lua runs there.
-- SPDX-License-Identifier: MIT
--
-- Run by `unshare -mn`: it owns the loopback interface, the packet filter and /etc/hosts of that namespace, and they go
-- with it. It prints a JSON object of outcomes for each transport, by the names of the rows in network_spec.lua.

local cjson = require("cjson").new()
local core = require "fnf.core"

local calls = require "spec.support.nginx.calls"
local nginx = require "spec.support.nginx.server"
local shell = require "fnf.emulator.shell"

local CONFIGURATION = [[
  resolver 127.0.0.1:$port;
  init_by_lua_block {
    cjson = require "cjson"
    calls = require "spec.support.nginx.calls"
    names = {}
    clients = {}
  }
  init_worker_by_lua_block { require("spec.support.nginx.name_server").start($port, names) }
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location /name { content_by_lua_block {
      local list = {}
      for address in ngx.var.arg_address:gmatch "[^,]+" do list[#list + 1] = address end
      names[ngx.var.arg_name] = list
    } }
    location /describe {
      content_by_lua_block {
        local host = ngx.var.arg_name
        local options = cjson.decode(ngx.unescape_uri(ngx.var.arg_options))
        clients[host] = clients[host] or calls.client("http://" .. host .. ":$other", options)
        calls.say(calls.describe(clients[host], "f"))
      }
    }
  }
  server {
    listen 127.0.0.1:$other;
    listen 127.0.0.2:$other;
    listen 127.0.0.3:$other;
    listen [::1]:$other;
    location / { return 200 '{"Status":"Running","MapRunName":"m","RequestId":"$server_addr $remote_port"}'; }
  }
]]

local function run(script, ...)
  assert(shell.run("set -e; " .. script, ...))
end

local OUTSIDE, ONLY = ...
local _, inside = shell.run "readlink /proc/self/ns/mnt"
assert(OUTSIDE and OUTSIDE ~= inside, "not in a namespace of its own: see network_spec.lua")
run "ip link set lo up"
run 'f=$(mktemp); chmod 644 "$f"; mount --bind "$f" /etc/hosts; rm "$f"'
-- No name server is asked here.
run 'f=$(mktemp); echo "hosts: files" >"$f"; chmod 644 "$f"; mount --bind "$f" /etc/nsswitch.conf; rm "$f"'

local function write_hosts(lines)
  local file = assert(io.open("/etc/hosts", "w"))
  file:write(lines)
  file:close()
end

local server = nginx.start { http = CONFIGURATION,
  values = { server_addr = "$server_addr", remote_port = "$remote_port" } }

local names = {} -- of libcurl: by /etc/hosts

local function point(name, address) -- one, or several between commas
  names[name] = address
  local lines = { "127.0.0.1 localhost\n::1 localhost\n" }
  for host, list in pairs(names) do
    for where in list:gmatch "[^,]+" do
      lines[#lines + 1] = where .. " " .. host .. "\n"
    end
  end
  write_hosts(table.concat(lines))
  assert(server:get("/name?name=" .. name .. "&address=" .. address))
end

local clients = {}

local transports = {
  libcurl = function(host, options)
    clients[host] = clients[host] or calls.client(("http://%s:%d"):format(host, server.other), options)
    return calls.describe(clients[host], "f")
  end,
  cosockets = function(host, options)
    return cjson.decode((assert(server:get("/describe?" .. core.encode { "name", host, "options",
      cjson.encode(options) }))))
  end,
}

local function timed(describe, host, options)
  local began = core.now()
  local outcome = describe(host, options)
  outcome.seconds = core.now() - began
  return outcome
end

local FEW = { max_attempts = 3, attempt_timeout = 1, connect_timeout = 0.5 }
local PATIENT = { max_attempts = 1, attempt_timeout = 5, connect_timeout = 4 } -- nginx draws an address for each try
local ONE = { max_attempts = 1, attempt_timeout = 2, connect_timeout = 0.5 }

local rows = {}

--- The peer forgets a connection that idled: what is sent over it goes nowhere, and nothing comes back.
function rows.idle_dropped(describe, tag)
  local host = "idle-" .. tag .. ".test"
  point(host, "127.0.0.2")
  local before = describe(host, FEW)
  run('iptables -I INPUT -p tcp --sport "$1" -j DROP', before.RequestId:match "%d+$")
  local after = timed(describe, host, FEW)
  run('iptables -D INPUT -p tcp --sport "$1" -j DROP', before.RequestId:match "%d+$")
  return { before = before, after = after }
end

--- Nobody says anything to who knocks.
function rows.syn_swallowed(describe, tag)
  local host = "swallowed-" .. tag .. ".test"
  point(host, "127.0.0.3")
  run "iptables -I INPUT -d 127.0.0.3 -j DROP"
  local during = timed(describe, host, ONE)
  run "iptables -D INPUT -d 127.0.0.3 -j DROP"
  return { during = during, after = describe(host, ONE) }
end

--- The name leads elsewhere, and the old address is dead: as when a service is moved.
function rows.address_changes(describe, tag)
  local host = "moving-" .. tag .. ".test"
  point(host, "127.0.0.2")
  local before = describe(host, FEW)
  point(host, "127.0.0.3")
  run "iptables -I INPUT -d 127.0.0.2 -j DROP"
  local outcome
  local began, count = core.now(), 0
  repeat
    count, outcome = count + 1, describe(host, FEW)
  until outcome.Status or core.now() - began > 20
  run "iptables -D INPUT -d 127.0.0.2 -j DROP"
  return { before = before, after = outcome, seconds = core.now() - began, calls = count }
end

--- One of the two families leads nowhere: nobody listens on that address.
function rows.family_refuses(describe, tag)
  local host = "refusing-" .. tag .. ".test"
  point(host, "::1,127.0.0.4")
  return { answer = timed(describe, host, ONE) }
end

--- What is sent to one of a name's two addresses is never heard of again.
local function broken_family(filter, dropped, good)
  return function(describe, tag)
    local host = ("%s-%s.test"):format(filter, tag)
    point(host, "::1,127.0.0.2")
    run(('%s -I INPUT -d %s -p tcp --dport "$1" -j DROP'):format(filter, dropped), tostring(server.other))
    local answer = timed(describe, host, PATIENT)
    run(('%s -D INPUT -d %s -p tcp --dport "$1" -j DROP'):format(filter, dropped), tostring(server.other))
    return { answer = answer, good = good }
  end
end

rows.new_family_broken = broken_family("ip6tables", "::1", "127.0.0.2")
rows.old_family_broken = broken_family("iptables", "127.0.0.2", "::1")

local outcomes = {}
point("unused.test", "127.0.0.1")
for _, transport in ipairs { "libcurl", "cosockets" } do
  outcomes[transport] = {}
  for name, play in pairs(rows) do
    if not ONLY or ONLY == name then
      outcomes[transport][name] = play(transports[transport], transport)
    end
  end
end
print(cjson.encode(outcomes))
server:stop()
