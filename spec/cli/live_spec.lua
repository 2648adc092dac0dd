--- `fnf map-run watch` on a real terminal: what it draws, the keys it obeys, and how it leaves the terminal.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local emulator = require "fnf.emulator"
local fnf = require "fnf"

local tmux = require "spec.support.tmux"

describe("fnf map-run watch on a terminal", function()
  local cloud, screen

  setup(function()
    cloud = assert(emulator.start())
  end)

  teardown(function()
    cloud:stop()
  end)

  after_each(function()
    if screen then
      screen:stop()
      screen = nil
    end
  end)

  --- A screen with the command's environment; nil, and a spec that says why it is pending, without tmux.
  local function open(columns, lines, more)
    if not tmux.is_there() then
      pending "needs tmux: .ci/deps terminal"
      return nil
    end
    local environment = { FNF_ENDPOINT = cloud.url, ALIBABA_CLOUD_ACCESS_KEY_ID = cloud.access_key_id,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET = cloud.access_key_secret, LANG = "C.UTF-8", LC_ALL = "C.UTF-8" }
    for name, value in pairs(more or {}) do
      environment[name] = value
    end
    screen = tmux.open(columns, lines, environment)
    return screen
  end

  local function describe(made)
    local client = fnf.new { endpoint = cloud.url, access_key_id = cloud.access_key_id,
      access_key_secret = cloud.access_key_secret }
    local run = assert(client:describe_map_run { FlowName = made.FlowName, ExecutionName = made.ExecutionName,
      MapRunName = made.MapRunName })
    client:close()
    return run
  end

  local function start(run)
    run.FlowName = run.FlowName or "orders"
    local made = assert(cloud:map_run(run))
    return ("%s/%s/%s"):format(made.FlowName, made.ExecutionName, made.MapRunName), made
  end

  it("draws a bar until the end, leaves the last frame, prints the result and ends by it", function()
    if not open(100, 30) then
      return
    end
    local name = start { ExecutionName = "moving", items = 40, Concurrency = 10, item_duration = 0.5 }
    screen:type("clear; bin/fnf map-run watch --fields Status " .. name .. "; echo code $?")
    screen:wait_for "moving / [^\n]*░[^\n]*%% Running"
    local text = screen:wait_for("code 0", true)
    assert.matches("✓ moving / [^\n]*█ +100[^\n]*%% Succeeded\n", text)
    assert.is_nil(text:find("q leaves", 1, true))
    assert.matches('"Status": "Succeeded"', text, 1, true)
    assert.equal("icanon echo", screen:modes())
  end)

  it("changes the concurrency by + and -, and leaves the run alone by q, with its checkpoint", function()
    if not open(100, 30) then
      return
    end
    local name, made = start { ExecutionName = "long", items = 5000, Concurrency = 10, item_duration = 3 }
    screen:type("clear; bin/fnf map-run watch " .. name .. " >checkpoint.$$; echo code $?; wc -l <checkpoint.$$; "
      .. "rm checkpoint.$$")
    screen:wait_for("long / ", true)
    screen:wait_for("q leaves", true)
    screen:wait_for "%% Running"
    screen:press "+"
    screen:wait_for("concurrency 10 -> 11", true)
    assert.equal(11, describe(made).Concurrency)
    screen:press "-"
    screen:wait_for("concurrency 11 -> 10", true)
    screen:press "q"
    screen:wait_for("go on with: fnf map-run resume 'CHECKPOINT'\ncode 130\n1", true)
    assert.equal("Running", describe(made).Status)
    assert.equal("icanon echo", screen:modes())
  end)

  it("leaves a concurrency alone that is no whole number", function()
    local odd = assert(emulator.start())
    finally(function()
      odd:stop()
    end)
    if not open(100, 30, { FNF_ENDPOINT = odd.url, ALIBABA_CLOUD_ACCESS_KEY_ID = odd.access_key_id,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET = odd.access_key_secret }) then
      return
    end
    odd:fault { kind = "body", times = 1000, body = '{"RequestId":"r","Status":"Running","Concurrency":2.5}' }
    screen:type("clear; bin/fnf map-run watch f/odd/m")
    screen:wait_for "Running"
    screen:press "+"
    screen:wait_for("its concurrency is not known, or it has ended", true)
    screen:press "q"
  end)

  it("follows a resize, down to 40 columns, and shows several runs with a summary, failed ones first", function()
    if not open(100, 30) then
      return
    end
    local names = {}
    for i = 1, 3 do
      names[i] = start { ExecutionName = "run" .. i, items = 2000, Concurrency = 10, item_duration = 3 }
    end
    names[4] = start { ExecutionName = "bad", items = 2, Concurrency = 2, item_duration = 0.1, failure_share = 1,
      ToleratedFailedCount = 0 }
    screen:type("clear; bin/fnf map-run watch " .. table.concat(names, " "))
    local text = screen:wait_for("3 running · 1 failed", true)
    assert.is_true(text:find("bad /", 1, true) < text:find("run1 /", 1, true))
    screen:wait_for "\n>[^ ]+ run1 /"
    screen:press "k"
    screen:wait_for "^>[^ ]+ bad /"
    screen:press "+"
    screen:wait_for("its concurrency is not known, or it has ended", true)
    screen:press "j"
    screen:wait_for "\n>[^ ]+ run1 /"
    cloud:fault { status = 429, code = "Throttling.User" }
    screen:wait_for("throttled 1 times", true)
    screen:resize(40, 12)
    text = screen:wait_for "run1 / [^\n]+%%\n"
    for line in text:gmatch "[^\n]+" do
      assert.is_nil(line:find("Running", 1, true) and line:find("█", 1, true), line)
    end
    screen:press "C-c"
    screen:wait_for "%$$"
    assert.equal("icanon echo", screen:modes())
  end)

  for key, ending in pairs { ["C-c"] = 130, TERM = 143, HUP = 129, KILL = 137 } do
    it(("puts the terminal back after %s"):format(key), function()
      if not open(100, 30) then
        return
      end
      -- A name of its own: pkill looks at all processes, and another run of these specs may be under way.
      local name = start { ExecutionName = ("long-%s-%s"):format(key, core.nonce():sub(1, 8)), items = 5000,
        Concurrency = 10, item_duration = 3 }
      screen:type("clear; bin/fnf map-run watch " .. name)
      screen:wait_for("q leaves", true)
      if key == "C-c" then
        screen:press(key)
      else
        os.execute(("pkill -%s -f 'map-run watch %s$'"):format(key, name))
      end
      screen:wait_for "%$$"
      screen:type "echo code $?"
      screen:wait_for("code " .. ending, true)
      assert.equal("icanon echo", screen:modes())
    end)
  end

  it("puts the terminal back when what it waits for cannot be, and says so", function()
    if not open(100, 30) then
      return
    end
    screen:type "clear; bin/fnf map-run resume --progress tty checkpoint; echo code $?"
    screen:wait_for("code 2", true)
    screen:wait_for("it is no checkpoint", true)
    assert.equal("icanon echo", screen:modes())
  end)

  it("is ASCII where the locale is, and without colour by NO_COLOR", function()
    if not open(100, 30, { LC_ALL = "C", NO_COLOR = "1" }) then
      return
    end
    local name = start { ExecutionName = "plain", items = 5000, Concurrency = 500, item_duration = 3 }
    screen:type("clear; bin/fnf map-run watch " .. name)
    assert.is_nil(screen:wait_for("> plain / .*>+%.+"):find "[\128-\255]")
    assert.is_nil(screen:colored():find "\27%[3%dm")
    screen:press "q"
    screen:wait_for "%$$"
  end)

  it("writes lines where stderr is no terminal, JSON where it is asked for, and nothing for none", function()
    if not open(100, 30) then
      return
    end
    local name = start { ExecutionName = "short", items = 4, Concurrency = 4, item_duration = 0.1 }
    screen:type("clear; bin/fnf map-run watch " .. name .. " 2>&1 >/dev/null | cat; echo done")
    assert.matches("Succeeded  100 %  4 of 4 done", screen:wait_for("done\n%$$"), 1, true)
    screen:type("clear; bin/fnf map-run watch --progress json " .. name .. " 2>&1 >/dev/null; echo done")
    assert.matches('"Status":"Succeeded"', screen:wait_for("done\n%$$"), 1, true)
    screen:type("clear; bin/fnf map-run watch --progress none " .. name .. " 2>&1 >/dev/null; echo done")
    assert.equal("done\n$", screen:wait_for("^done\n%$$"))
  end)

  it("shows its progress in the frame of a terminal that knows how (OSC 9;4), spares others", function()
    for _, program in ipairs { "WezTerm", "other" } do
      if not open(100, 30, { TERM_PROGRAM = program }) then
        return
      end
      local path = os.tmpname()
      screen:record(path)
      local name = start { ExecutionName = "framed" .. program, items = 20, Concurrency = 10, item_duration = 0.3 }
      screen:type("clear; bin/fnf map-run watch --fields Status " .. name .. "; echo code $?")
      screen:wait_for("code 0", true)
      assert.equal("icanon echo", screen:modes())
      screen:stop()
      local file = assert(io.open(path, "rb"))
      local written = file:read "*a"
      file:close()
      os.remove(path)
      assert.matches("code 0", written, 1, true)
      assert.equal(program == "WezTerm", written:find("\27]9;4;1;100\7", 1, true) ~= nil)
      assert.equal(program == "WezTerm", written:find("\27]9;4;0\7", 1, true) ~= nil)
    end
  end)
end)
