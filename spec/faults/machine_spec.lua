--- What a machine does to a client: clocks that jump, an hour asleep, no descriptor left, a thousand waits at once.
-- SPDX-License-Identifier: MIT

local fake_platform = require "spec.support.fake_platform"
local shell = require "fnf.emulator.shell"

local DAY, HOUR = 86400, 3600

local function interpreter()
  local found = "lua"
  for i = -1, -20, -1 do
    found = arg[i] or found
  end
  return found
end

--- Twenty answers of a run under way, then its end; `surprise` happens to the machine while the eighth is made.
local function wait_with(surprise, options, client_options)
  local cloud = fake_platform.new {
    function(_, self)
      local i = #self.sent
      if i == 8 and surprise then
        surprise(self)
      end
      return fake_platform.run { Status = i > 20 and "Succeeded" or "Running",
        ItemCounts = { Total = 210, Pending = 210 - 10 * i, Running = 0, Succeed = 10 * i, Failed = 0, Aborted = 0 } }
    end,
  }
  local run, err = cloud:client(client_options):wait_map_run(fake_platform.names, options or {})
  return cloud, run, err
end

describe("a wall clock that is set in the middle of a wait", function()
  for _, row in ipairs { { "forward by a day", DAY }, { "back by a day", -DAY }, { "to 1970", -1790000000 } } do
    it(row[1] .. " changes no poll", function()
      local plain, first = wait_with()
      local moved, second = wait_with(function(self)
        self.wall = self.wall + row[2]
      end)
      assert.same({ "Succeeded", "Succeeded" }, { first.Status, second.Status })
      assert.equal(#plain.sent, #moved.sent)
      assert.same(plain.sleeps, moved.sleeps)
    end)
  end
end)

describe("a machine that slept for an hour", function()
  it("goes on with its wait, with a key that it renews", function()
    local fetched = 0
    local cloud, run, err
    local function credentials(context)
      fetched = fetched + 1
      return { access_key_id = "id" .. fetched, access_key_secret = "s", security_token = "t",
        expires = context.time() + HOUR / 2 }
    end
    cloud, run, err = wait_with(function(self) -- the monotonic clock of Linux stands still meanwhile
      self.wall = self.wall + HOUR
    end, {}, { credentials = credentials })
    assert.equal("Succeeded", run and run.Status, tostring(err))
    assert.equal("id1", cloud.sent[8].query.AccessKeyId)
    assert.equal("id2", cloud.sent[9].query.AccessKeyId)
  end)

  it("ends a wait whose time is over, with what it knew, where its clock went on", function()
    local cloud, run, err = wait_with(function(self)
      self.clock = self.clock + HOUR
    end, { timeout = 600 })
    assert.is_nil(run)
    assert.equal("timeout", err.kind)
    assert.equal("Running", err.last.Status)
    assert.is_true(#cloud.sent <= 9)
  end)

  it("polls at once, and once, where its clock went on and the wait has no end", function()
    local cloud, run = wait_with(function(self)
      self.clock = self.clock + HOUR
    end)
    assert.equal("Succeeded", run.Status)
    assert.is_true(#cloud.sent <= 21)
  end)
end)

describe("a process with no descriptor left", function()
  -- What is loaded at the first call is not there yet, or it is.
  local PROGRAM = [[
    local warm = ...
    local fnf = require "fnf"
    local function client(credentials)
      return fnf.new { endpoint = "http://127.0.0.1:1", max_attempts = 1, credentials = credentials }
    end
    local function key() return { access_key_id = "a", access_key_secret = "b" } end
    local clients = { client(key), client(fnf.credentials.profile "p"), client() }
    local function call()
      for _, each in ipairs(clients) do
        local run, err = each:describe_map_run { FlowName = "f", ExecutionName = "e", MapRunName = "m" }
        print(run == nil and getmetatable(err) and err.kind .. ": " .. err.message)
      end
    end
    if warm == "warm" then call() end
    local held, file = {}, io.open "/dev/null"
    while file and #held < 200 do
      held[#held + 1], file = file, io.open "/dev/null"
    end
    assert(#held < 200, "the limit does not hold")
    call()
    for _, each in pairs(held) do each:close() end
    call()
  ]]

  -- Each in a process of its own: what reads modules when it is first used, with what they are read for.
  local LAZY = [[
    local fnf = require "fnf"
    local names = { FlowName = "f", ExecutionName = "e", MapRunName = "m" }
    local client = fnf.new { endpoint = "http://127.0.0.1:1", max_attempts = 1, access_key_id = "a",
      access_key_secret = "b" }
    local calls = {
      fnf.new,
      function() return fnf.describe_map_run(names) end,
      function() for _ in fnf.flows() do return true end end,
      function() return client:wait_map_run(names, { timeout = 1 }) end,
      function() return client:wait_map_runs({ names }, { timeout = 1 }) end,
      function() for _ in client:wait_map_runs({ names }, { each = true, timeout = 1 }) do return true end end,
      function() return client:wait_execution({ FlowName = "f", ExecutionName = "e" }, { timeout = 1 }) end,
      function() return client:explain_map_run(names) end,
      function() return client:run_again(names) end,
      function() return client:run { FlowName = "f", timeout = 1 } end,
      function() return client:start_execution { FlowName = "f" } end,
      function() for _ in client:flows() do return true end end,
      function() for _ in client:map_runs { FlowName = "f", ExecutionName = "e" } do return true end end,
      function() for _ in client:map_run_children { FlowName = "f", MapRunName = "m" } do return true end end,
      function() return client:pages("ListFlows")() end,
      function() return client:call("ListFlows", {}) end,
    }
    pcall(client.describe_map_run, client, names) -- libcurl is there
    local function try(call)
      local done, result, err = pcall(call)
      err = done and err or result
      return type(err) == "table" and getmetatable(err) and err.kind .. ": " .. err.message or tostring(err)
    end
    local held, file = {}, io.open "/dev/null"
    while file and #held < 200 do
      held[#held + 1], file = file, io.open "/dev/null"
    end
    local said = {}
    for i, call in ipairs(calls) do said[i] = try(call) end
    for _, each in pairs(held) do each:close() end
    for i, call in ipairs(calls) do print(i, said[i]) print(i, try(call)) end
  ]]

  -- Fields that are modules; sources that look at what they are given by one of their own; a first wait that shares.
  local FIELDS = [[
    local fnf = require "fnf"
    local names = { FlowName = "f", ExecutionName = "e", MapRunName = "m" }
    local key = { endpoint = "http://127.0.0.1:1", max_attempts = 1, access_key_id = "a", access_key_secret = "b" }
    local function hold()
      local held, file = {}, io.open "/dev/null"
      while file and #held < 200 do
        held[#held + 1], file = file, io.open "/dev/null"
      end
      return function() for _, each in pairs(held) do each:close() end end
    end
    local give_back = hold()
    for _, name in ipairs { "credentials", "progress", "share" } do
      print(select(2, pcall(function() return fnf[name] end)))
    end
    print(select(2, fnf.gather {}))
    give_back()
    print(type(fnf.credentials), type(fnf.progress), type(fnf.share), type(fnf.gather {}))
    assert(not fnf.new(key):wait_map_run(names, { timeout = 0.01 }))
    key.share = fnf.share.redis { url = "redis://127.0.0.1:1/0" }
    local sources, sharing = fnf.credentials, fnf.new(key)
    give_back = hold()
    print(pcall(sources.process, { command = "print 'keys" }))
    print(pcall(sources.assume_role, { role_arn = "acs:ram::1234567890123456:role/r", sts_endpoint = "a b" }))
    print(select(2, pcall(function() return select(2, sharing:wait_map_run(names, { timeout = 0.01 })) end)))
    give_back()
    print(pcall(sources.process, { command = "print 'keys" }))
    print(pcall(sources.assume_role, { role_arn = "acs:ram::1234567890123456:role/r", sts_endpoint = "a b" }))
  ]]

  local function run(how, program)
    local _, text = shell.run('ulimit -n 24; LUA_PATH="$1" LUA_CPATH="$2" HOME=/nowhere '
      .. 'ALIBABA_CLOUD_ECS_METADATA_DISABLED=true timeout 60 "$3" - "$4" <<EOF 2>&1\n$5\nEOF\n',
      package.path, package.cpath, interpreter(), how, program)
    local lines = {}
    for line in text:gmatch "[^\n]+" do
      lines[#lines + 1] = line
    end
    return lines, text
  end

  it("gets an error from whatever reads a module at its first use, and from fnf.new, and has them all later", function()
    local lines, text = run("cold", LAZY)
    assert.equal(32, #lines, text)
    for i = 1, 32, 2 do
      assert.matches("^%d+%s+network: no file can be read: .*; is there a descriptor left%?$", lines[i], nil, text)
      assert.not_matches("network: no file", lines[i + 1], nil, text)
      assert.not_matches("attempt to", lines[i + 1], nil, text)
    end
  end)

  it("is told so, at its line, by a field that is a module; what else is first needed then does not raise", function()
    local lines, text = run("cold", FIELDS)
    assert.equal(10, #lines, text)
    for i, name in ipairs { "credentials", "progress", "share" } do
      assert.matches("^stdin:%d+: fnf%." .. name .. ": no file can be read: module '.*' not found; "
        .. "is there a descriptor left%?$", lines[i], nil, text)
    end
    assert.matches("^network: no file can be read: .*; is there a descriptor left%?$", lines[4], nil, text)
    assert.matches("^table%s+table%s+table%s+table$", lines[5], nil, text)
    assert.matches("^true%s+fnf.Credentials", lines[6], nil, text)
    assert.matches("^true%s+fnf.Credentials", lines[7], nil, text)
    assert.matches("^DescribeMapRun: timeout: ", lines[8], nil, text)
    assert.matches("^false.*option command has a quote that is not closed", lines[9], nil, text)
    assert.matches("^false.*option sts_endpoint ", lines[10], nil, text)
  end)

  for _, how in ipairs { "cold", "warm" } do
    it(("gets errors from its calls, and works again once it has some: %s"):format(how), function()
      local lines, text = run(how, PROGRAM)
      local first = how == "warm" and 4 or 1
      assert.equal(first + 5, #lines, text)
      assert.matches(how == "warm" and "^network: " or "^network: .*fnf%.curl", lines[first], nil, text)
      assert.matches("^credentials: no credentials found", lines[first + 1], nil, text)
      assert.matches("^credentials: no credentials found", lines[first + 2], nil, text)
      assert.matches("^network: Failed to connect to 127.0.0.1 port 1", lines[first + 3], nil, text)
    end)
  end
end)

describe("a thousand waits of one gather", function()
  it("are served alike: none waits long for its polls while others get many", function()
    local list, polls = {}, {}
    for i = 1, 1000 do
      list[i] = { FlowName = "f", ExecutionName = "e" .. i, MapRunName = "m" }
      polls[i] = 0
    end
    local cloud = fake_platform.new {
      function(sent, self)
        local i = tonumber(sent.params.ExecutionName:match "%d+")
        polls[i] = polls[i] + 1
        return { body = { RequestId = "r", MapRunName = "m", Status = self.clock > 3000 and "Succeeded" or "Running" } }
      end,
    }
    local results, err = cloud:client({ on_event = function() end }):wait_map_runs(list, { timeout = 4000 })
    assert.is_truthy(results, tostring(err))
    -- Jain's index: 1 where all get the same, 1/1000 where one gets all.
    local sum, squares, least, most = 0, 0, math.huge, 0
    for i = 1, 1000 do
      sum, squares = sum + polls[i], squares + polls[i] ^ 2
      least, most = math.min(least, polls[i]), math.max(most, polls[i])
    end
    local fairness = sum ^ 2 / (1000 * squares)
    assert.is_true(fairness > 0.9, ("fairness %.3f; from %d to %d polls"):format(fairness, least, most))
    assert.is_true(least >= 2, ("from %d to %d polls"):format(least, most))
    print(("fairness of 1,000 waits: %.3f, from %d to %d polls each"):format(fairness, least, most))
  end)
end)
