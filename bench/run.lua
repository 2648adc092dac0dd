-- Ratios of the library to references in C, in one run; `make bench`.
-- SPDX-License-Identifier: MIT
--
-- Counts (instructions, allocations, system calls) do not depend on who else uses the machine; times do, so
-- candidates take turns and the cheapest turn of each counts. Instructions are those of the processor that valgrind
-- plays, which has no SHA extensions.

package.path = "bench/?.lua;" .. package.path
local alone = require "waiting.alone"
local runs = require "waiting.runs"
local server = require "server"
local turns = require "turns"

local programs = assert(arg[1], "usage: run.lua folder-of-programs")
local lua = assert(arg[-1])
local say, output_of, cheapest = turns.say, turns.output_of, turns.cheapest

---- what a signature costs ----

local function bench_signing()
  local best = {}
  for _ = 1, 3 do
    for name, digest, ours, naive in output_of(programs .. "/signing"):gmatch("(%S+) (%d+) (%d+) (%d+)") do
      local ratio = ours / digest
      if not best[name] or ratio < best[name].ratio then
        best[name] = { ratio = ratio, digest = digest, ours = ours, naive = naive / digest }
      end
    end
  end
  for name, row in pairs(best) do
    say(name .. " signature / bare digest", "%.2f (aim < 1.7)   %d ns and %d ns; one-shot HMAC(): %.1f", row.ratio,
      row.ours, row.digest, row.naive)
  end
end

---- what a call costs ----

--- How a tool counts something while a command runs.
local counters = {
  instructions = function(command)
    return output_of(("valgrind --tool=callgrind --callgrind-out-file=/dev/null %s 2>&1"):format(command))
      :match("Collected : (%d+)")
  end,
  allocations = function(command)
    return output_of(("LD_PRELOAD=%s/allocations.so %s 2>&1"):format(programs, command)):match("allocations (%d+)")
  end,
  ["system calls"] = function(command)
    return output_of(("strace -f -c -o '|cat >&2' %s 2>&1 >/dev/null"):format(command))
      :match("[%d.]+%s+[%d.]+%s+%d+%s+(%d+)[%s%d]* total")
  end,
}

--- The same of one call: start and end of the process cancel out. The least of three, for a call that had to wait
--- for its answer looked for it more often.
local function count_per_call(counter, command, few, many)
  local least
  for _ = 1, 3 do
    local a, b = counter(command:format(few)), counter(command:format(many))
    if not a or not b then
      return nil
    end
    least = math.min(least or math.huge, (b - a) / (many - few))
  end
  return least
end

--- What ours takes of something beyond the reference; each command has a %d for the count.
local function say_beyond(what, kind, aim, ours, bare, few, many)
  local a, b = count_per_call(counters[kind], ours, few, many), count_per_call(counters[kind], bare, few, many)
  if a and b then
    say(kind .. " " .. what .. " beyond bare libcurl", "%.1f (aim <= %d)   %.1f and %.1f", a - b, aim, a, b)
  else
    say(kind .. " " .. what, "not counted: no tool for it here")
  end
end

--- A command whose %d is a count, of one whose arguments may hold a percent sign.
local function counted(command)
  return command:gsub("%%", "%%%%") .. " %d"
end

local IN_FLIGHT = 64

-- Before a request leaves, its connection is looked at for a word of the peer's, and what it has received is counted:
-- two. A call whose answer was not there when it was first looked for takes some more, bare or not.
local BEYOND_CALLS = 2

local function bench_calls(at)
  for _, row in ipairs { { "HTTP", at.plain, 1.35, 1.4 }, { "HTTPS", at.kept, 1.25, 1.25 } } do
    local scheme, address, alone_aim, many_aim = row[1], row[2], row[3], row[4]
    local trusting = scheme == "HTTPS" and ("FNF_CA_FILE=%s "):format(at.authority) or ""
    local ours = trusting .. counted(("%s bench/calls.lua %s"):format(lua, address))
    local url = output_of(("%s bench/calls.lua %s url"):format(lua, address)):match("%S+")
    local bare = trusting .. counted(("%s/calls '%s'"):format(programs, url))
    local many = ours .. " " .. IN_FLIGHT
    local bare_many = trusting .. counted(("%s/polls '%s'"):format(programs, url)) .. " " .. IN_FLIGHT
    local guarded = "BENCH_GUARDED=1 "
    local cpu = cheapest(5, { ours:format(4000), bare:format(4000), guarded .. bare:format(4000), many:format(8000),
      bare_many:format(8000), guarded .. bare_many:format(8000) })
    say(("CPU per call over %s / bare libcurl"):format(scheme),
      "%.2f; %.2f of one that guards itself against SIGPIPE, as is usual (aim <= %.2f)   %.1f us, %.1f us and %.1f us",
      cpu[1] / cpu[2], cpu[1] / cpu[3], alone_aim, cpu[1] * 1e6, cpu[2] * 1e6, cpu[3] * 1e6)
    say(("CPU per call over %s, %d in flight / bare curl_multi"):format(scheme, IN_FLIGHT),
      "%.2f; %.2f (aim <= %.2f)   %.1f us, %.1f us and %.1f us", cpu[4] / cpu[5], cpu[4] / cpu[6], many_aim,
      cpu[4] * 1e6, cpu[5] * 1e6, cpu[6] * 1e6)
    if scheme == "HTTP" then
      say_beyond("per call", "instructions", 85000, ours, bare, 20, 120)
      say_beyond("per call", "allocations", 14, ours, bare, 20, 120)
      say_beyond("per call", "system calls", BEYOND_CALLS, ours, bare, 20, 120)
      say_beyond(("per call, %d in flight"):format(IN_FLIGHT), "instructions", 90000, many, bare_many, 640, 1920)
    end
  end
end

---- what ten thousand waits cost ----

local WAITS, FEW_WAITS, CONNECTIONS = 10000, 1000, 32 -- the few where each of them is counted in valgrind

local function bench_polls(address)
  local url = output_of(("%s bench/calls.lua %s url"):format(lua, address)):match("%S+")
  local ours = ("%s bench/polls.lua %s %d 40000"):format(lua, address, WAITS)
  local bare = ("%s/polls '%s' 40000 %d"):format(programs, url, CONNECTIONS)
  local cpu = cheapest(3, { ours, bare, "BENCH_GUARDED=1 " .. bare })
  say("CPU per poll of 10,000 waits / bare curl_multi",
    "%.2f; %.2f of one that guards itself (aim <= 1.8)   %.1f us, %.1f us and %.1f us, %d in flight",
    cpu[1] / cpu[2], cpu[1] / cpu[3], cpu[1] * 1e6, cpu[2] * 1e6, cpu[3] * 1e6, CONNECTIONS)
  local bytes, resident, connections = output_of(ours):match("%S+ (%d+) (%d+) (%d+)")
  say("Lua memory per wait", "%d bytes (aim <= 2048)   %d of resident memory; %d connections (aim <= 32)", bytes,
    resident, connections)
  say_beyond(("per poll of %d waits"):format(FEW_WAITS), "instructions", 130000,
    counted(("%s bench/polls.lua %s %d"):format(lua, address, FEW_WAITS)),
    counted(("%s/polls '%s'"):format(programs, url)) .. " " .. CONNECTIONS, 500, 2500)
end

local YEAR, DRAWN = 365 * 86400, 30

--- One wait after the other on a clock that only sleep moves, until a year has been waited.
local function bench_year()
  local drawn, waited, polls, waits = {}, 0, 0, 0
  for i = 1, DRAWN do
    drawn[i] = runs.new(runs.shapes[i % #runs.shapes + 1], i)
  end
  local begun = os.clock()
  while waited < YEAR do
    waits = waits + 1
    local spent, seconds = alone.ours(drawn[waits % DRAWN + 1], waits)
    waited, polls = waited + seconds, polls + spent
  end
  say("a year of simulated waiting", "%.1f s of CPU (aim: seconds)   %d waits, %d polls", os.clock() - begun, waits,
    polls)
end

---- what a connection and a start cost ----

local function bench_connections(address, certs)
  local command = ("BENCH_CERTS=%s %s/handshakes %%s %s/ %%d"):format(certs, programs, address)
  local cpu = cheapest(3, { command:format("fnf", 300), command:format("curl", 20) })
  say("CPU per new TLS connection / libcurl's defaults",
    "%.3f (aim <= 0.05)   %.2f ms and %.1f ms; %.0f per CPU second",
    cpu[1] / cpu[2], cpu[1] * 1e3, cpu[2] * 1e3, 1 / cpu[1])
end

local function bench_require()
  local with, without = counters.instructions(lua .. " -e 'require \"fnf\"'"), counters.instructions(lua .. " -e ''")
  if with and without then
    say("instructions of require \"fnf\"", "%.1f million (aim <= 19)", (with - without) / 1e6)
  end
end

local function bench_start(address, certs)
  local spawn = ("BENCH_CERTS=%s %s/spawn 15 "):format(certs, programs)
  local ours = spawn .. ("env LD_PRELOAD=%s/authorities.so %s bench/start.lua %s"):format(programs, lua, address)
  local bare = spawn .. ("%s/handshakes curl %s/ 1"):format(programs, address)
  local ours_cpu, ours_wall = output_of(ours):match("(%S+) (%S+)")
  local bare_cpu, bare_wall = output_of(bare):match("(%S+) (%S+)")
  say("start to first answer over HTTPS / C with libcurl's defaults",
    "%.2f (aim <= 0.4)   %.1f ms and %.1f ms; CPU %.2f",
    ours_wall / bare_wall, ours_wall * 1e3, bare_wall * 1e3, ours_cpu / bare_cpu)
end

--- The command `fnf`: its start beside that of a bare Lua, and a call beside curl's of the same address.
local function bench_command(address)
  local function cpu_of(words)
    return tonumber(output_of(("%s/spawn 15 %s"):format(programs, words)):match "%S+")
  end
  local version, bare = cpu_of "bin/fnf --version", cpu_of(("sh -c 'exec %s -e \"\"'"):format(lua))
  say("CPU of fnf --version / a shell that starts a bare Lua", "%.2f (aim <= 1.3)   %.1f ms and %.1f ms",
    version / bare, version * 1e3, bare * 1e3)
  if output_of "command -v curl || true" == "" then
    return say("CPU of a call by fnf beyond curl's", "not measured: curl is not installed")
  end
  local ours = cpu_of(("env FNF_ENDPOINT=%s ALIBABA_CLOUD_ACCESS_KEY_ID=LTAI5tAbCdEfGhIjKlMnOpQr "
    .. "ALIBABA_CLOUD_ACCESS_KEY_SECRET=a-secret-of-thirty-characters. bin/fnf map-run describe "
    .. "orders-flow/exec-2026-11-23-0001/c39142f1345b196d678333c41f113200"):format(address))
  local curl = cpu_of(("curl -s %s/"):format(address))
  say("CPU of a call by fnf beyond curl's", "%.1f ms (aim <= 30)   %.1f ms and %.1f ms", (ours - curl) * 1e3,
    ours * 1e3, curl * 1e3)
end

---- all of it ----

local folder = output_of("mktemp -d"):match("%S+")
math.randomseed(os.time())

local function bench_all()
  bench_signing()
  bench_year()
  local at = server.start(folder)
  local done, reason = pcall(function()
    bench_calls(at)
    bench_polls(at.plain)
    bench_require()
    bench_command(at.plain)
    if at.certs then
      bench_connections(at.tls, at.certs)
      bench_start(at.tls, at.certs)
    else
      say("TLS", "not measured: no /etc/ssl/certs/ca-certificates.crt here")
    end
  end)
  server.stop(folder)
  assert(done, reason)
end

local done, reason = pcall(bench_all)
os.execute("rm -rf " .. folder)
assert(done, reason)
