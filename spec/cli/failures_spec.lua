--- `fnf map-run explain`, `failures` and `retry`, run as a program against the emulator.
-- SPDX-License-Identifier: MIT

local emulator = require "fnf.emulator"
local errors = require "fnf.errors"
local failures = require "fnf.cli.failures"
local json = require "fnf.json"
local shell = require "fnf.emulator.shell"

local fake_platform = require "spec.support.fake_platform"

local NIGHTLY = "orders/nightly-4/c4a760a8dbcf4e14a39d6c5b7f1e2d30"

describe("fnf map-run", function()
  local cloud

  --- A line of shell with `fnf` in it: its code, stdout and stderr.
  local function fnf(line)
    local _, printed = shell.run(([[
      folder=$(mktemp -d)
      fnf() { env -u LUA_PATH -u LUA_CPATH FNF_ENDPOINT=%s ALIBABA_CLOUD_REGION_ID=cn-hangzhou \
        ALIBABA_CLOUD_ACCESS_KEY_ID=%s ALIBABA_CLOUD_ACCESS_KEY_SECRET=%s bin/fnf "$@" 2>"$folder/err"; }
      %s
      echo "= $?"; cat "$folder/err"; echo .; rm -r "$folder"
    ]]):format(cloud.url, cloud.access_key_id, cloud.access_key_secret, line))
    local out, code, err = printed:match "^(.*)= (%d+)\n(.*)%.$"
    return tonumber(code), out, err
  end

  setup(function()
    cloud = assert(emulator.start { sample = true })
  end)

  teardown(function()
    cloud:stop()
  end)

  before_each(function()
    cloud:reset()
    fnf "fnf flow describe --name orders" -- the executions of the sample begin
    cloud:clock { advance = 60 }
  end)

  it("explain prints a screen, or the report in a format", function()
    local code, out = fnf("fnf map-run explain " .. NIGHTLY)
    assert.equal(0, code)
    assert.truthy(out:find("6 of 300 items failed", 1, true), out)
    assert.truthy(out:find("  3  BadOrder: order N has no price\n", 1, true))
    code, out = fnf("fnf map-run explain -o json --examples 1 --limit 2 " .. NIGHTLY)
    assert.equal(0, code)
    local report = json.decode(out)
    assert.same({ 6, 2, true, 1 }, { report.failed, report.sampled, report.even, #report.groups[1].examples })
  end)

  it("explain prints what was found when the time is up", function()
    cloud:fault { kind = "delay", delay = 3, action = "GetExecutionHistory", times = 20 }
    local code, out, err = fnf("fnf map-run explain --timeout 1 " .. NIGHTLY)
    assert.equal(124, code, err)
    assert.truthy(out:find("not complete", 1, true), out)
    assert.truthy(err:find("timeout", 1, true), err)
  end)

  it("failures prints a line for each item, whole, with causes, or the item alone", function()
    local code, out = fnf("fnf map-run failures --causes " .. NIGHTLY)
    assert.equal(0, code)
    local causes = {}
    for line in out:gmatch "[^\n]+" do
      local child = json.decode(line)
      causes[#causes + 1] = child.Error .. json.decode(child.Input).order
    end
    assert.equal("Timeout1017 Timeout1059 BadOrder1104 BadOrder1105 BadOrder1106 DiskFull1260",
      table.concat(causes, " "))
    code, out = fnf("fnf map-run failures --items " .. NIGHTLY .. " | tail -n 2")
    assert.same({ 0, '{"order":1106}\n{"order":1260}\n' }, { code, out })
    code, out = fnf("fnf map-run failures -o tsv --fields Input --status Succeeded " .. NIGHTLY .. " | wc -l")
    assert.same({ 0, 295 }, { code, tonumber(out) })
  end)

  it("retry shows what it would send, starts it, and prints what to wait for", function()
    local sent = '{"orders":[{"order":1017},{"order":1059},{"order":1104},{"order":1105},{"order":1106},'
      .. '{"order":1260}]}\n'
    local code, out, err = fnf("fnf map-run retry --dry-run orders/nightly-4")
    assert.same({ 0, sent, "fnf: 6 items would be run again\n" }, { code, out, err })
    code, out = fnf("fnf map-run retry --as second orders/nightly-4")
    assert.same({ 0, "orders/second\n" }, { code, out })
    cloud:clock { advance = 60 }
    code, out, err = fnf "fnf map-run retry orders/second"
    assert.same({ 0, "", "fnf: no such items; nothing was started\n" }, { code, out, err })
  end)

  it("tells what keeps it from it by its exit code", function()
    for _, row in ipairs { { "explain orders/nightly-4/none", 5 }, { "explain orders/none", 5 },
      { "failures orders", 2 }, { "retry --status Bad " .. NIGHTLY, 2 }, { "retry --items-path orders " .. NIGHTLY, 2 },
      { "explain --limit 0 " .. NIGHTLY, 2 }, { "failures a/b/c d/e/f", 2 },
      { "failures --items --fields Name " .. NIGHTLY, 2 }, { "failures --items -o tsv " .. NIGHTLY, 2 },
      { "failures --items --causes " .. NIGHTLY, 2 }, { "failures --items -o jsonl " .. NIGHTLY, 0 } } do
      local code, _, err = fnf("fnf map-run " .. row[1])
      assert.equal(row[2], code, row[1] .. ": " .. err)
    end
  end)

  it("retry names its own flags where it cannot tell where the items go", function()
    cloud:map_run { FlowName = "orders", ExecutionName = "made", MapRunName = "made", items = 3, failure_share = 1,
      ToleratedFailedCount = 3 }
    cloud:clock { advance = 60 }
    local code, _, err = fnf "fnf map-run retry orders/made/made"
    assert.equal(7, code, err)
    assert.matches("; name the list that the flow reads by --items-path, or make the new Input in Lua", err, 1, true)
  end)

  it("takes an execution for its only MapRun, and names them where there are several or none", function()
    for _, name in ipairs { "one", "other" } do
      cloud:map_run { FlowName = "orders", ExecutionName = "several", MapRunName = name, items = 1 }
    end
    cloud:clock { advance = 60 }
    local code, _, err = fnf "fnf map-run explain orders/several"
    assert.equal(2, code)
    assert.matches("the execution has several MapRuns; name one of one, other", err, 1, true)
    fnf "fnf flow create --name empty --type FDL Description=d --definition 'type: flow'"
    assert.equal(0, (fnf "fnf execution start --flow-name empty --execution-name empty"))
    code, _, err = fnf "fnf map-run failures empty/empty"
    assert.equal(2, code)
    assert.matches("the execution has no MapRun\n", err, 1, true)
  end)

  it("ends with 141 where nobody reads", function()
    local closed = "d=$(mktemp -d); mkfifo $d/p; exec 3<>$d/p 4>$d/p 3<&-; rm -r $d; trap '' PIPE; "
    for _, words in ipairs { "explain", "failures", "failures -o tsv", "retry --dry-run" } do
      assert.equal(141, (fnf(closed .. "fnf map-run " .. words .. " " .. NIGHTLY .. " >&4")), words)
    end
  end)

  describe("with a client of its own", function()
    local client, said

    before_each(function()
      client, said = fake_platform.new({}):client(), {}
    end)

    --- Do a command for the MapRun of `fake_platform.names`: its code, and all that it printed.
    local function obey(command, options)
      local stderr, stdout = io.stderr, io.stdout
      local heard = { write = function(_, ...)
        said[#said + 1] = table.concat { ... }
        return true
      end, flush = function() return true end }
      io.stderr, io.stdout = heard, heard -- luacheck: ignore 122
      local done, code = pcall(failures[command], client, { params = {}, rest = {}, options = options,
        names = { fake_platform.names } })
      io.stderr, io.stdout = stderr, stdout -- luacheck: ignore 122
      assert.is_true(done, code)
      return code, table.concat(said)
    end

    it("tells now and then how far it is", function()
      function client.explain_map_run(_, _, options)
        for seen = 1, 2000 do
          options.on_progress(seen, seen > 1000 and 2000 or nil, seen / 10)
        end
        return { failed = 0 }
      end
      local code, printed = obey("explain", { format = "jsonl" })
      assert.equal(0, code)
      assert.equal('fnf: 1000 of ? children listed\nfnf: 100 causes read\nfnf: 2000 of 2000 children listed\n'
        .. 'fnf: 200 causes read\n{"failed":0}\n', printed)
    end)

    it("prints what was started before a failure, and the whole of it in a format", function()
      local again = { FlowName = "orders", items = 3, starts = { { ExecutionName = "a" }, { ExecutionName = "b" },
        { ExecutionName = "c" } } }
      local started = 1
      function client.run_again()
        return nil, errors.new { kind = "network", message = "it broke", again = again, started = started }
      end
      assert.same({ 8, "orders/a\nfnf: network: it broke\n" }, { obey("retry", {}) })
      started, said = 0, {}
      assert.same({ 8, "fnf: network: it broke\n" }, { obey("retry", {}) })
      said = {}
      function client.run_again()
        return again
      end
      assert.same({ 0, 'fnf: 3 items are run again\n{"items":3}\n' }, { obey("retry", { format = "jsonl",
        fields = { "items" } }) })
    end)
  end)

  it("tells warnings where they disturb no pipe", function()
    cloud:map_run { FlowName = "orders", ExecutionName = "hidden", MapRunName = "hidden", failure_share = 1,
      ToleratedFailedCount = 100, listed = false }
    cloud:clock { advance = 60 }
    local code, out, err = fnf "fnf map-run failures orders/hidden"
    assert.same({ 0, "" }, { code, out })
    assert.truthy(err:find("0 of 100", 1, true), err)
  end)
end)
