--- When Redis is asked, and when it is left alone: commands that fail as they are told to, and a clock moved by hand.
-- SPDX-License-Identifier: MIT

local connection = require "fnf.share.connection"
local fake_platform = require "spec.support.fake_platform"
local share = require "fnf.share"

describe("a connection to Redis", function()
  local clock, asked, failure, warnings, link

  before_each(function()
    clock, asked, failure, warnings = 0, {}, nil, {}
    link = connection.new(function(name, first)
      asked[#asked + 1] = name
      if failure and (name ~= "EVAL" or not failure:find "NOSCRIPT") then
        return nil, failure
      end
      return name == "SCRIPT" and "hash of " .. first or name
    end, function()
      return clock
    end, function(message)
      warnings[#warnings + 1] = message
    end)
  end)

  local function run()
    return link:run("return 1", { "k" }, { "v" })
  end

  it("sends a script once, and its hash after that; the script again where Redis has lost it", function()
    assert.same({ "EVALSHA", "EVALSHA" }, { run(), run() })
    failure = "NOSCRIPT No matching script"
    assert.equal("EVAL", run())
    assert.same({ "SCRIPT", "EVALSHA", "EVALSHA", "EVALSHA", "EVAL" }, asked)
    assert.same({}, warnings)
  end)

  it("leaves Redis alone for 5 s, then 10, 20, 40 and 60, with one warning", function()
    failure = "Connection refused"
    local tries = {}
    while clock < 300 do
      local before = #asked
      assert.is_nil(run())
      if #asked > before then
        tries[#tries + 1] = clock
      end
      clock = clock + 0.5
    end
    assert.same({ 0, 5, 15, 35, 75, 135, 195, 255 }, tries)
    assert.equal(1, #warnings)
    assert.is_truthy(warnings[1]:find("Connection refused", 1, true))
  end)

  it("comes back by itself, and warns anew of the next time", function()
    failure = "OOM command not allowed"
    run()
    failure, clock = nil, 5
    assert.equal("EVALSHA", run())
    assert.is_false(link:is_away())
    failure = "READONLY You can't write against a read only replica."
    run()
    assert.equal(2, #warnings)
    failure, clock = nil, 10
    assert.equal("EVALSHA", run())
  end)

  it("takes an answer that came late, and leaves Redis alone after it", function()
    local slow = connection.new(function()
      clock = clock + 1.5
      return "x"
    end, function()
      return clock
    end, function(message)
      warnings[#warnings + 1] = message
    end)
    assert.equal("x", slow:run("return 1", {}, {}))
    assert.is_true(slow:is_away())
    assert.is_truthy(warnings[1]:find("an answer took", 1, true))
  end)
end)

describe("a client whose Redis is away", function()
  it("waits by itself, is warned once, and loses nothing", function()
    local asked = 0
    local cloud = fake_platform.new { fake_platform.run(), fake_platform.run(),
      fake_platform.run { Status = "Succeeded" } }
    local client = cloud:client { share = { command = function()
      asked = asked + 1
      return nil, "Connection refused"
    end } }
    assert.equal("Succeeded", assert(client:wait_map_run(fake_platform.names)).Status)
    assert.equal(3, #cloud.sent)
    assert.equal(1, #cloud:heard "warning")
    assert.is_true(asked >= 1 and asked <= 2)
  end)
end)

describe("a Redis that answers nonsense", function()
  local RUNNING = '{"Status":"Running"}'
  local ABSURD = { 0 / 0, 1 / 0, -1, 1e300, "1e400", "nan", ("9"):rep(400), {}, true, print, "", "x\0y" }
  local NONSENSE = { -- of each script in turn: its name, and what it answers for ever
    { "look", { "answer", "7", "1000000000", RUNNING } }, -- ever the same, older than what is known
    { "look", { "answer", "7", "0", '{"Status":5}' } }, { "look", { "answer" } }, { "look", {} },
    { "put", {} }, { "put", 7 }, { "put", false }, { "wait", {} },
  }
  for _, value in ipairs(ABSURD) do
    NONSENSE[#NONSENSE + 1] = { "wait", value }
    if type(value) ~= "string" then
      NONSENSE[#NONSENSE + 1] = { "look", { "answer", value, "5", RUNNING } } -- a stamp
    end
    NONSENSE[#NONSENSE + 1] = { "look", { "answer", "7", value, RUNNING } }
    NONSENSE[#NONSENSE + 1] = { "look", { "answer", "7", "5", value } }
    NONSENSE[#NONSENSE + 1] = { "look", { value, value, value, value } }
    for place = 1, 4 do
      local figures = { 0, 1, 1, 1000000 }
      figures[place] = value
      NONSENSE[#NONSENSE + 1] = { "permit", figures }
    end
  end

  local function shown(value)
    local words = {}
    for i, entry in ipairs(type(value) == "table" and value or { value }) do
      words[i] = type(entry) == "string" and ("%q"):format(entry:sub(1, 20)) or type(entry) == "number"
        and tostring(entry) or type(entry)
    end
    return table.concat(words, ", ")
  end

  local GOOD = { look = { "poll" }, put = "1", wait = 1, permit = { 0, 1, 1, 1000000 } }

  for number, row in ipairs(NONSENSE) do
    it(("16: never spins, raises or sleeps for ever, %d: %s: %s"):format(number, row[1], shown(row[2])), function()
      local cloud = fake_platform.new { fake_platform.run(), fake_platform.run(),
        fake_platform.run { Status = "Succeeded" } }
      local names, commands = {}, 0
      for name, text in pairs(require "fnf.share.script") do
        names[text] = name
      end
      local client = cloud:client { share = { command = function(name, ...)
        commands = commands + 1
        assert.is_true(commands < 200)
        for _, word in ipairs { name, ... } do
          assert.equal("string", type(word))
        end
        if name == "SCRIPT" then
          return names[select(2, ...)]
        end
        local script = ...
        if script == row[1] then
          return row[2]
        end
        return GOOD[script]
      end } }
      local runs = client:wait_map_runs({ fake_platform.names }, { timeout = 3600 })
      assert.equal("Succeeded", runs[1] and runs[1].Status)
      assert.equal(3, #cloud.sent)
      assert.is_true(cloud.clock < 1000 + 300)
    end)
  end
end)

describe("fnf.share.redis", function()
  local BAD = { "", "http://host", "redis://", "redis://host:0", "redis://host:70000", "redis://ho st", "unix:relative",
    "redis://:top-secret@:6379", "redis://host/2147483648", "redis://host/99999999999999999999",
    "redis://::1", "redis://[host]", "redis://top-secret@host", "redis://top-secret:@host", 5 }
  for _, url in ipairs(BAD) do
    it("refuses a URL that leads nowhere, without its password: " .. tostring(url), function()
      local done, reason = pcall(share.redis, { url = url })
      assert.is_false(done)
      assert.is_truthy(tostring(reason):find("url", 1, true))
      assert.is_nil(tostring(reason):find("top-secret", 1, true))
    end)
  end

  for _, host in ipairs { "10.0.0.5", "redis1", "cache-2.example", "10.0.0.255" } do
    it("16: keeps the digits that a host ends in: " .. host, function()
      for behind, port in pairs { [""] = 6379, [":"] = 6379, [":7000"] = 7000 } do
        for _, database in ipairs { "", "/", "/3" } do
          local found = share.redis { url = "redis://:p@" .. host .. behind .. database }.redis
          assert.same({ host, port, tonumber(database:sub(2)) or 0 }, { found.host, found.port, found.database })
        end
      end
    end)
  end

  it("reads user, password, host, port and database, percent-encoding undone", function()
    local found = share.redis { url = "redis://me:p%40ss:w@[::1]:6380/3", prefix = "x:" }
    assert.same({ host = "::1", port = 6380, tls = false, database = 3, user = "me", password = "p@ss:w",
      timeout = 0.05 }, found.redis)
    assert.equal(6379, share.redis { url = "rediss://host" }.redis.port)
    assert.equal(2 ^ 31 - 1, share.redis { url = "redis://host/2147483647" }.redis.database)
    assert.is_true(share.redis { url = "rediss://host" }.redis.tls)
    assert.equal("/run/redis.sock", share.redis { url = "unix:/run/redis.sock" }.redis.path)
  end)
end)

describe("without a module for Redis", function()
  local function forget(name, reason)
    local loaded, preload = package.loaded[name], package.preload[name]
    package.loaded[name], package.preload[name] = nil, function()
      error(reason or ("module '%s' not found:\n\tno field package.preload['%s']"):format(name, name), 0)
    end
    return function()
      package.loaded[name], package.preload[name] = loaded, preload
    end
  end

  for platform, names in pairs { plain_redis = { "fnf.redis" }, nginx_redis = { "resty.redis", "nginx.redis" } } do
    it("says which one is missing: " .. platform, function()
      local restore = {}
      for i, name in ipairs(names) do
        restore[i] = forget(name)
      end
      local command = require("fnf.platform." .. platform).open { path = "/nowhere", timeout = 1, database = 0 }
      local reply, reason = command("GET", "key")
      for _, give_back in ipairs(restore) do
        give_back()
      end
      assert.is_nil(reply)
      assert.is_truthy(reason:find(names[1]:match "%w+", 1, true), reason)
    end)
  end

  it("says in nginx why one that is there cannot be loaded: it was said not to be installed", function()
    local restore = { forget("resty.redis", "redis.lua:3:\n\tsyntax error"), forget "nginx.redis" }
    local _, reason = require("fnf.platform.nginx_redis").open { path = "/nowhere", timeout = 1, database = 0 } "PING"
    for _, give_back in ipairs(restore) do
      give_back()
    end
    assert.equal("resty.redis cannot be loaded: redis.lua:3: syntax error", reason)
  end)
end)
