#!/usr/bin/env bash
# Calls from request phases of one nginx worker, beside proxy_pass through a subrequest; upstream takes 100 ms.
# SPDX-License-Identifier: MIT
#
# bench/openresty.sh [seconds of each turn]. The candidates take turns and the better turn of each counts; CPU is the
# worker's own, so it does not depend on who else uses the machine.
set -euo pipefail
cd "$(dirname "$0")/.."
turn=${1:-5}
connections=1000
root=$PWD
folder=$(mktemp -d)
pids=
finish() { for pid in $pids; do kill "$pid" 2>/dev/null || true; done; wait; rm -rf "$folder"; }
trap finish EXIT
ulimit -n 16384 2>/dev/null || true
nginx=${FNF_NGINX:-nginx}
for tool in wrk luajit "$nginx"; do
  command -v "$tool" >/dev/null || { echo "needs $tool: .ci/deps bench"; exit 1; }
done

modules=
for module in ndk_http_module ngx_http_lua_module; do
  [ -f "/usr/share/nginx/modules/$module.so" ] && modules="$modules load_module /usr/share/nginx/modules/$module.so;"
done
"$nginx" -V 2>&1 | grep -q openresty && modules=
free_port() { luajit -e "package.path = 'lua/?.lua;emulator/lua/?.lua;' .. package.path; print((require('fnf.emulator.ports').free_pair('$1')))"; }
port=$(free_port "$folder a")
upstream=$(free_port "$folder bench upstream")

start() { # name, body of http
  mkdir "$folder/$1"
  cat >"$folder/$1/nginx.conf" <<CONF
$([ "$(id -u)" = 0 ] && echo "user root;")
daemon off; worker_processes 1; pid nginx.pid; error_log error.log warn; worker_rlimit_nofile 16384;
$modules
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  lua_package_path "$root/lua/?.lua;;"; lua_package_cpath "$root/build/5.1/?.so;;";
  $2
}
CONF
  "$nginx" -p "$folder/$1/" -c nginx.conf >"$folder/$1/out" 2>&1 &
  pids="$pids $!"
}

answer='{"RequestId":"r","FlowName":"orders","ExecutionName":"nightly-1","MapRunName":"m","Status":"Running","Concurrency":40,"ToleratedFailedCount":0,"StartedTime":"2026-11-23T09:04:56.001Z","ItemCounts":{"Total":2000,"Succeed":1940,"Failed":12,"Running":40,"Pending":8,"Aborted":0}}'

start upstream "server { listen 127.0.0.1:$upstream backlog=4096; default_type application/json;
  location / { content_by_lua_block { ngx.sleep(0.1) ngx.header['Content-Length'] = ${#answer} ngx.print([[$answer]]) } } }"

start worker "
  upstream service { server 127.0.0.1:$upstream; keepalive 1024; keepalive_requests 100000000; }
  lua_socket_log_errors off;
  init_by_lua_block {
    local fnf = require 'fnf'
    client = fnf.new { endpoint = 'http://127.0.0.1:$upstream', access_key_id = 'id', access_key_secret = 'secret' }
    waiting = fnf.new { endpoint = 'http://127.0.0.1:$upstream', access_key_id = 'id', access_key_secret = 'secret', rate_limit = false }
    names = { FlowName = 'orders', ExecutionName = 'nightly-1', MapRunName = 'm' }
  }
  server {
    listen 127.0.0.1:$port backlog=4096;
    location /ping { content_by_lua_block { ngx.print 'pong' } }
    location /describe {
      content_by_lua_block {
        local run, err = client:describe_map_run(names)
        ngx.print(run and run.Status or tostring(err))
        if not run then return ngx.exit(500) end
      }
    }
    location /captured { content_by_lua_block { ngx.print(ngx.location.capture('/proxied').body) } }
    location /proxied { internal; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_pass http://service/; }
    location /wait { content_by_lua_block { waiting:wait_map_run(names, { timeout = 600, max_delay = 5 }) } }
  }"

for _ in $(seq 100); do
  (exec 3<>"/dev/tcp/127.0.0.1/$port" 4<>"/dev/tcp/127.0.0.1/$upstream") 2>/dev/null && break
  sleep 0.05
done
master=$(cat "$folder/worker/nginx.pid")
worker=$(cut -d' ' -f1 "/proc/$master/task/$master/children")
ticks() { awk '{ print $14 + $15 }' "/proc/$worker/stat"; }

# Requests per second, p99 in milliseconds and the worker's CPU microseconds per request, over one turn.
measure() { # path, connections
  local before after
  before=$(ticks)
  wrk -t1 -c"$2" -d"${turn}s" --latency --timeout 10s "http://127.0.0.1:$port/$1" >"$folder/wrk"
  after=$(ticks)
  awk -v ticks=$((after - before)) '
    /99%/ { p99 = $2; if (p99 ~ /us$/) p99 = p99 / 1000; else if (p99 ~ /[0-9]s$/) p99 = p99 * 1000; else p99 = p99 + 0 }
    /requests in/ { requests = $1 } /Requests\/sec/ { rate = $2 } /Non-2xx/ { bad = $NF } /Socket errors/ { errors = $0 }
    END { printf "%d %.1f %.1f %d\n", rate, p99, ticks * 10000 / requests, bad; if (errors) print errors > "/dev/stderr" }
  ' "$folder/wrk"
}

measure describe $connections >/dev/null # connections are made
measure captured $connections >/dev/null
for path in captured describe captured describe captured describe; do
  echo "$path $(measure $path $connections)" >>"$folder/turns"
done
awk '{ if (!($1 in rate) || $2 > rate[$1]) { rate[$1] = $2; p99[$1] = $3 } if (!($1 in cpu) || $4 < cpu[$1]) cpu[$1] = $4; bad += $5 }
  END {
    printf "describe calls per second, 1 worker, 1,000 connections: %d, p99 %.0f ms, %.0f us of CPU each\n", rate["describe"], p99["describe"], cpu["describe"]
    printf "proxy_pass by ngx.location.capture: %d, p99 %.0f ms, %.0f us of CPU each\n", rate["captured"], p99["captured"], cpu["captured"]
    printf "describe / proxy_pass: %.2f (aim >= 0.90); CPU %.2f; answers that failed: %d\n", rate["describe"] / rate["captured"], cpu["describe"] / cpu["captured"], bad
  }' "$folder/turns"

# /ping at 500 requests a second, which leave the worker nearly idle, so that p99 is what a request waits for and not
# what the load makes it wait. The quietest of three turns counts, without and beside 200 clients that wait.
printf 'function delay() return 4 end\n' >"$folder/gently.lua"
ping() {
  for _ in 1 2 3; do
    wrk -t1 -c2 -d"${turn}s" --latency -s "$folder/gently.lua" "http://127.0.0.1:$port/ping" | awk '
      /99%/ { p99 = $2; if (p99 ~ /us$/) p99 = p99 / 1000; else if (p99 ~ /[0-9]s$/ && p99 !~ /ms$/) p99 = p99 * 1000; else p99 = p99 + 0 }
      /Requests\/sec/ { rate = $2 } END { printf "%.3f %d\n", p99, rate }'
  done | sort -n | head -1
}
alone=$(ping)
before=$(ls "/proc/$worker/fd" | wc -l)
wrk -t1 -c200 -d600s --timeout 600s "http://127.0.0.1:$port/wait" >/dev/null 2>&1 &
waiters=$!
pids="$pids $waiters"
for _ in $(seq 200); do # until all 200 are there
  [ "$(ls "/proc/$worker/fd" | wc -l)" -ge $((before + 200)) ] && break
  sleep 0.05
done
[ "$(ls "/proc/$worker/fd" | wc -l)" -ge $((before + 200)) ] || { echo "the 200 clients never came" >&2; exit 1; }
beside=$(ping)
kill "$waiters"
echo "$alone $beside" | awk '{ printf "/ping p99 at %d requests/s: %.3f ms alone; %.3f ms beside 200 waiting clients, at %d; moved by %.3f ms (aim < 1)\n", $2, $1, $3, $4, $3 - $1 }'
grep -E '\[(error|alert|crit|emerg)\]' "$folder"/*/error.log | head -5 || true
