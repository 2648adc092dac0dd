--- The pages of two machines: the runs of both, by a real Redis; and whatever else may stand there.
-- SPDX-License-Identifier: MIT

local cjson = require("cjson").new()
local emulator = require "fnf.emulator"
local machines = require "fnf.share.machines"
local nginx = require "spec.support.nginx.server"
local redis_server = require "spec.support.redis_server"

local NOW = 1700000000

local function state_of(name, more)
  local state = { id = name, group = "g", names = { FlowName = "f", ExecutionName = "e", MapRunName = name },
    polls = 3, seen = NOW - 10, run = { Status = "Running", ItemCounts = { Total = 5, Succeed = 2 } } }
  for field, value in pairs(more or {}) do
    state[field] = value
  end
  return state
end

--- What a machine reads of a text that was put 2 seconds ago, and how often it doubted.
local function read(text)
  local doubts = 0
  local found = machines.read(text, 2, NOW, function()
    doubts = doubts + 1
  end)
  return found, doubts
end

local function value(rows, head)
  return ('{"name":"web-2","time":%d%s,"rows":%s}'):format(NOW + 5000, head or "", rows)
end

describe("the runs of a machine, as text", function()
  it("come back with their ages, whatever the clocks of the two machines", function()
    local rows, more = machines.rows { state_of("m", { seen = NOW + 4990, secret = "x", history = { { 1, 2 } } }) }
    assert.equal(0, more)
    assert.is_nil(rows:find("secret", 1, true))
    local found, doubts = read(value(rows))
    assert.same({ "web-2", 0, 1 }, { found.name, doubts, #found.states })
    local state = found.states[1]
    assert.same({ NOW - 12, "web-2", "Running", 2 }, { state.seen, state.machine, state.run.Status,
      state.run.ItemCounts.Succeed })
    assert.is_nil(state.history)
  end)

  it("are capped in number and bytes, those under way first, then the latest", function()
    local states = {}
    for i = 1, 150 do
      states[i] = state_of(("m%03d"):format(i), { ended = i <= 149 or nil, seen = NOW + i })
    end
    local rows, more = machines.rows(states)
    local list = cjson.decode(rows)
    assert.same({ 150, "m150", "m149" }, { #list + more, list[1].names.MapRunName, list[2].names.MapRunName })
    assert.is_true(#list <= 100 and #rows <= 32 * 1024)
    for i = 1, 150 do
      states[i].error = { message = ("x"):rep(500) }
    end
    rows, more = machines.rows(states)
    assert.is_true(#rows <= 32 * 1024 and more > 50)
  end)

  local SENSELESS = { "", "no JSON", "null", "7", '"text"', "[]", "{}", '{"name":"web-2","rows":[]}',
    value "7", '{"name":7,"time":1,"rows":[]}',
    '{"name":"","time":1,"rows":[]}', '{"name":"b","time":1e308,"rows":[]}',
    '{"name":"b\\u0000","time":1,"rows":[]}', '{"name":"b","time":-1,"rows":[]}', ("["):rep(100000) }
  for i, text in ipairs(SENSELESS) do
    it("are none where the text makes no sense: " .. i, function()
      local found, doubts = read(text)
      assert.is_nil(found)
      assert.is_true(doubts > 0)
    end)
  end

  local NAMES = '"names":{"FlowName":"f","ExecutionName":"e","MapRunName":"m"}'
  local ROWS = { "7", "null,1", "{}", '{"names":7}', '{"names":{"FlowName":"f"}}', '{"names":{"FlowName":1}}',
    '{"names":{"FlowName":"f","ExecutionName":"e","MapRunName":""}}' }
  for _, row in ipairs(ROWS) do
    it("are without a row that names no run: " .. row, function()
      local found, doubts = read(value("[" .. row .. ",{" .. NAMES .. "}]"))
      assert.equal("m", found.states[#found.states].names.MapRunName)
      assert.is_true(#found.states == 1 and doubts > 0)
    end)
  end

  local FIELDS = { '"run":7', '"run":{"Status":7}', '"run":{"ItemCounts":{"Total":1e308}}', '"seen":"now"',
    '"run":{"ItemCounts":{"Total":-1}}', '"run":{"ItemCounts":{"Total":99999999999999999999999}}', '"ended":"yes"',
    '"progress":{"rate":1e308}', '"progress":{"earliest":-5}', '"progress":{"stalled":{}}', '"error":"bad"',
    '"error":{"message":"' .. ("x"):rep(600) .. '"}', '"polls":[]', '"run":{"Status":"a\\u001bb"}' }
  for i, field in ipairs(FIELDS) do
    it("are without a field that is not what it should be: " .. i, function()
      local found, doubts = read(value("[{" .. NAMES .. "," .. field .. "}]"))
      assert.equal(1, doubts)
      local view = require("fnf.wait.view").one(machines.merge({ found }, {})[1], NOW)
      assert.same({ "web-2", "f / e" }, { view.shown.machine, view.shown.place })
    end)
  end

  it("are each shown once: by this machine, else by who saw it last", function()
    local function other(name, seen, ...)
      local states = {}
      for i, run in ipairs { ... } do
        states[i] = state_of(run, { machine = name, seen = seen })
      end
      return { name = name, states = states, more = name == "b" and 4 or nil }
    end
    local others = { other("b", 1, "mine", "both", "b's"), other("c", 2, "both") }
    local merged = machines.merge(others, { state_of "mine" })
    assert.same({ 2, "c", "b" }, { #merged, merged[1].machine, merged[2].machine })
    assert.equal("2 of them on 2 other machines \194\183 4 more there are not shown", machines.note(others, merged))
    assert.equal("runs of other machines are not known now", machines.note({}, {}, true))
    assert.equal("3 more machines are not shown", machines.note({}, {}, nil, 3))
    assert.is_nil(machines.note({}, {}, nil, 0))
  end)
end)

local CONFIGURATION = [[
  lua_shared_dict fnf 2m;
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
    warnings = {}
    client = calls.client("$emulator", { access_key_id = "$id", access_key_secret = "$secret",
      share = require("fnf").share.redis { url = "$redis", timeout = 1 }, on_event = function(name, fields)
        if name == "warning" then table.insert(warnings, fields.message or tostring(fields.error)) end
      end })
    options = function(run)
      return { dict = "fnf", client = client, FlowName = run and "f", ExecutionName = run and "e", MapRunName = run,
        min_delay = 0.2, max_delay = 0.2, machine = "$machine", machine_life = 2 }
    end
  }
  init_worker_by_lua_block { require("fnf.ngx").watch(options()) }
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location /runs { content_by_lua_block { require("fnf.ngx").status { dict = "fnf" } } }
    location /watch { content_by_lua_block { require("fnf.ngx").watch(options(ngx.var.arg_run)) } }
    location /warnings {
      content_by_lua_block { calls.say { count = #warnings, last = warnings[#warnings], all = warnings } }
    }
  }
]]

local missing = redis_server.missing()

describe("what a Redis, or a command of the caller's, says of other machines", function()
  it("is doubted, and never raises, whatever it is", function()
    local text, none = value("[]"), {}
    for _, row in ipairs { { 1, false, "1", text }, { 1, 0 / 0, "1", text }, { 1, none, "1", text }, { 1, true },
      { 1, "a", "1", none }, { 1, "a", "1" }, { 1, "a", "1", "[" }, { 0, "a", none, none }, { 0, "a", "nan", text },
      { 0, "a", "-1", text }, { 0, "a" } } do
      local doubts = 0
      local share = { run = function()
        return { "stamp", "1", "0", row[2], row[3], row[4] }
      end, doubt = function()
        doubts = doubts + 1
      end }
      local others, hidden = machines.new("id", "web-1"):exchange(share, {}, NOW)
      assert.same({ 0, 0, row[1] }, { #others, hidden, doubts })
    end
  end)
end)

describe("the pages of two nginxes that share", function()
  if missing then
    pending(missing)
    return
  end

  local cloud, redis, a, b, account

  local function start(machine)
    return nginx.start { http = CONFIGURATION, main = "worker_processes 1;", values = { emulator = cloud.url,
      id = cloud.access_key_id, secret = cloud.access_key_secret, redis = redis.url, machine = machine } }
  end

  setup(function()
    cloud, redis = assert(emulator.start()), redis_server.start()
    a, b = start "web-a", start "web-<b>"
    for _, name in ipairs { "on-a", "on-b", "on-both" } do
      cloud:map_run { FlowName = "f", ExecutionName = "e", MapRunName = name, items = 4, Concurrency = 1,
        item_duration = 500 }
    end
    a:get "/watch?run=on-a"
    a:get "/watch?run=on-both"
    b:get "/watch?run=on-both"
    b:get "/watch?run=on-b"
  end)

  teardown(function()
    local errors = a:errors { "redis.sock failed", "send%(%) failed.*ngx.timer", "recv%(%) failed.*ngx.timer" }
    a:stop()
    b:stop()
    redis:stop()
    cloud:stop()
    assert.equal("", errors)
  end)

  local function status_of(machine)
    local body, code = machine:get "/runs/status.json"
    assert.equal(200, code)
    return cjson.decode(body)
  end

  --- The runs on the page of a machine, once they are as they should be: name and machine of each.
  local function until_runs(machine, wanted)
    local last
    local done = redis_server.await(function()
      local shown = {}
      for i, one in ipairs(status_of(machine).map_runs) do
        shown[i] = ("%s %s %s"):format(one.MapRunName, one.machine or "here", one.Status)
      end
      last = table.concat(shown, ", ")
      return last == wanted
    end)
    assert.is_true(done, last)
  end

  local OWN = "on-a here Running, on-both here Running"
  local BOTH = OWN .. ", on-b web-<b> Running"

  local function warnings()
    return cjson.decode((a:get "/warnings"))
  end

  it("show the runs of both, each once, with the machine's name, and nothing to press", function()
    until_runs(a, BOTH)
    until_runs(b, "on-b here Running, on-both here Running, on-a web-a Running")
    local said, page = status_of(a), a:get "/runs/"
    assert.equal("3 running \194\183 1 of them on 1 other machine", said.summary)
    assert.is_false(said.map_runs[3].shown.askable)
    assert.matches('<small class="machine" data-field="machine">web-&lt;b&gt;</small>', page, 1, true)
    assert.matches("1 of them on 1 other machine</p>", page, 1, true)
    assert.matches('data-field="name">on-b</code>', page, 1, true)
    assert.matches('\nfnf_map_runs{status="Running"} 2\n', (a:get "/runs/metrics"), 1, true)
    account = redis:cli("--raw KEYS '*:machines'"):match "^(.*:)machines$"
    assert.is_truthy(account)
    assert.equal("2", redis:cli(("--raw ZCARD '%smachines'"):format(account)))
    assert.equal(0, warnings().count)
  end)

  local PUT = [[
    local time = redis.call('TIME')
    redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
    redis.call('ZADD', KEYS[2], time[1] .. '.' .. string.format('%06d', tonumber(time[2])), ARGV[1])
    redis.call('ZADD', KEYS[1], tonumber(time[1]) + 60, ARGV[1])
  ]]

  local function put(id, text)
    local file = assert(io.open(redis.folder .. "/value", "w"))
    file:write(text)
    file:close()
    redis:cli(([[-x EVAL "%s" 3 '%smachines' '%smachines:changed' '%smachines:rows' %s <%s/value]]):format(PUT, account,
      account, account, id, redis.folder))
  end

  it("escape what another has written, leave out what makes no sense, and warn once", function()
    local names = '"names":{"FlowName":"<script>alert(1)</script>","ExecutionName":"$e","MapRunName":"\'\\"><b>"}'
    put("evil", ('{"name":"<script>","time":1e10,"rows":[{%s,"run":{"Status":"<i>","ItemCounts":{"Total":1e308}},'
      .. '"progress":{"rate":"1e308"}},7,{"names":[]}]}'):format(names))
    put("huge", ("x"):rep(100000))
    put("text", "no JSON")
    put("list", "[[[[]]]]")
    until_runs(a, BOTH .. [[, '"><b> <script> <i>]])
    local page, code = a:get "/runs/"
    assert.equal(200, code)
    assert.is_nil(page:find("<script>alert", 1, true))
    assert.matches("&lt;script&gt;alert(1)&lt;/script&gt;", page, 1, true)
    local said = warnings()
    assert.same({ 1, "what another machine watches in Redis makes no sense, and counts for nothing" },
      { said.count, said.last }, table.concat(said.all, "\n"))
    for _, key in ipairs { "machines", "machines:changed", "machines:rows" } do -- keys of another type
      redis:cli(("SET '%s%s' senseless"):format(account, key))
    end
    until_runs(a, BOTH)
  end)

  it("are of 20 other machines at most, and count the rest", function()
    -- Whatever type the keys have by now; the other machine puts its own again.
    redis:cli(([[EVAL "local time = redis.call('TIME')
      redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
      for i = 1, 25 do
        redis.call('HSET', KEYS[3], '0' .. i, '{\\"name\\":\\"many\\",\\"time\\":1,\\"rows\\":[]}')
        redis.call('ZADD', KEYS[2], time[1], '0' .. i)
        redis.call('ZADD', KEYS[1], time[1] + 60, '0' .. i)
      end" 3 '%smachines' '%smachines:changed' '%smachines:rows']]):format(account, account, account))
    assert.is_true(redis_server.await(function()
      return status_of(a).summary:find("6 more machines are not shown", 1, true)
    end) ~= nil, status_of(a).summary)
    for _, key in ipairs { "machines", "machines:changed", "machines:rows" } do
      redis:cli(("DEL '%s%s'"):format(account, key))
    end
    until_runs(a, BOTH)
  end)

  it("are without a machine that has stopped, and with it again", function()
    b:stop()
    until_runs(a, OWN)
    assert.equal("2 running", status_of(a).summary)
    b = start "web-<b>"
    b:get "/watch?run=on-b"
    until_runs(a, BOTH)
  end)

  it("show their own, and say so, while Redis is away", function()
    redis:kill()
    until_runs(a, OWN)
    assert.equal("2 running \194\183 runs of other machines are not known now", status_of(a).summary)
    assert.matches("runs of other machines are not known now</p>", (a:get "/runs/"), 1, true)
    assert.is_truthy(warnings().last:find("Redis is away", 1, true))
  end)
end)
