--- The command `fnf`, run as a program against the emulator: what it prints and what it ends with.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local emulator = require "fnf.emulator"
local file = require "pl.file"
local json = require "fnf.json"

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

describe("fnf", function()
  local cloud, made, out, err

  --- Run a shell line with `fnf` in it; its code, stdout and stderr.
  local function shell(line, environment)
    local environments = { "FNF_ENDPOINT=" .. cloud.url, "ALIBABA_CLOUD_ACCESS_KEY_ID=" .. cloud.access_key_id,
      "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" .. cloud.access_key_secret, "ALIBABA_CLOUD_REGION_ID=cn-hangzhou",
      environment }
    local pipe = io.popen(("fnf() { env -u LUA_PATH -u LUA_CPATH %s bin/fnf \"$@\"; }\n{ %s\n} >%s 2>%s; echo $?")
      :format(table.concat(environments, " "), line, quote(out), quote(err)))
    local code = tonumber(pipe:read "*l")
    pipe:close()
    return code, file.read(out), file.read(err)
  end

  local function named(run)
    return ("%s/%s/%s"):format(run.FlowName, run.ExecutionName, run.MapRunName)
  end

  setup(function()
    cloud = assert(emulator.start())
    out, err = os.tmpname(), os.tmpname()
    made = assert(cloud:map_run { items = 2, Concurrency = 2, item_duration = 0.05 })
  end)

  teardown(function()
    cloud:stop()
    os.remove(out)
    os.remove(err)
  end)

  it("tells the library's version", function()
    local code, text = shell "fnf --version"
    assert.equal(0, code)
    assert.equal("fnf " .. require("fnf.client").VERSION .. "\n", text)
  end)

  for _, row in ipairs { { "a full disk", ">/dev/full", "No space left on device" },
    { "a closed stdout", ">&-", "Bad file descriptor" } } do
    for _, line in ipairs { "--version", "help exit-codes", "--help", "flow list --help", "map-run describe %s",
      "map-run describe %s -o table", "map-run wait %s" } do
      it(("says of %s that the result is lost: fnf %s"):format(row[1], line:format "RUN"), function()
        local code, _, said = shell(("fnf %s %s"):format(line:format(named(made)), row[2]))
        assert.equal(9, code, said)
        assert.matches("cannot print the result: " .. row[3], said, 1, true)
      end)
    end
  end

  it("starts through a link, from anywhere", function()
    local code, text = shell("here=$PWD; d=$(mktemp -d); ln -s \"$here/bin/fnf\" $d/fnf; cd /; $d/fnf --version; "
      .. "code=$?; rm -r $d; (exit $code)")
    assert.equal(0, code)
    assert.truthy(text:find("^fnf %d"))
  end)

  it("describes a MapRun by flags, by the service's names, by its path and by call", function()
    for _, words in ipairs {
      ("map-run describe --flow-name %s --execution-name %s --map-run-name %s"):format(made.FlowName,
        made.ExecutionName, made.MapRunName),
      ("map-run describe FlowName=%s ExecutionName=%s MapRunName=%s"):format(made.FlowName, made.ExecutionName,
        made.MapRunName),
      "map-run describe " .. named(made),
      ("call DescribeMapRun FlowName=%s ExecutionName=%s MapRunName=%s"):format(made.FlowName, made.ExecutionName,
        made.MapRunName),
    } do
      local code, text, problem = shell("fnf " .. words)
      assert.equal(0, code, problem)
      assert.equal(made.MapRunName, json.decode(text).MapRunName)
    end
  end)

  it("prints some fields in each format", function()
    local formats = { json = '{\n  "MapRunName": "NAME"\n}\n', jsonl = '{"MapRunName":"NAME"}\n',
      tsv = "MapRunName\nNAME\n", table = "MapRunName  NAME\n", yaml = 'MapRunName: "NAME"\n' }
    for format, expected in pairs(formats) do
      local _, text = shell(("fnf map-run describe %s -o %s --fields MapRunName"):format(named(made), format))
      assert.equal(expected:gsub("NAME", made.MapRunName), text)
    end
  end)

  it("takes a name as one word where a command is about one thing", function()
    local code, text = shell("fnf flow describe " .. made.FlowName)
    assert.same({ 0, made.FlowName }, { code, json.decode(text).Name })
    code, text = shell("fnf execution list " .. made.FlowName .. " -o tsv --fields Name")
    assert.equal(0, code)
    assert.truthy(text:find(made.ExecutionName, 1, true), text)
  end)

  it("lists as many as --limit says", function()
    local code, text = shell "fnf flow list --limit 1 -o jsonl"
    assert.equal(0, code)
    assert.equal(1, select(2, text:gsub("\n", "")))
    assert(cloud:map_run { FlowName = "another" })
    local before = cloud:requests().total
    assert.equal(0, (shell "fnf flow list --limit 1 Limit=1"))
    assert.equal(1, cloud:requests().total - before) -- and no page that is not printed
  end)

  it("finds the MapRuns of an execution", function()
    local code, text = shell(("fnf map-run list %s/%s"):format(made.FlowName, made.ExecutionName))
    assert.equal(0, code)
    assert.equal(made.MapRunName, json.decode(text).MapRuns[1].MapRunName)
  end)

  it("ends with 0, 1 and 3 as the MapRun that it waited for, and with 0 on --exit-zero", function()
    local failed = assert(cloud:map_run { items = 2, item_duration = 0.05, failure_share = 1 })
    local code, text = shell("fnf map-run wait " .. named(made))
    assert.equal(0, code)
    assert.equal("Succeeded", json.decode(text).Status)
    assert.equal(1, (shell("fnf map-run wait " .. named(failed))))
    assert.equal(0, (shell("fnf map-run wait --exit-zero " .. named(failed))))
    assert.equal(1, (shell(("printf '%%s\\n' %s %s | fnf map-run wait -"):format(named(made), named(failed)))))
  end)

  it("completes a word by flags, and a flag by words", function()
    for _, line in ipairs { "fnf map-run wait %s --execution-name %s --map-run-name %s",
      "echo %s | fnf map-run wait - ExecutionName=%s MapRunName=%s" } do
      local code, text, problem = shell(line:format(made.FlowName, made.ExecutionName, made.MapRunName))
      assert.equal(0, code, problem)
      assert.equal(made.MapRunName, json.decode(text).MapRunName)
    end
  end)

  it("prints several ends so that they can be told apart", function()
    for format, expected in pairs { tsv = "Status\tDetail\nSucceeded\t\nSucceeded\t\n",
      yaml = 'Status: "Succeeded"\n---\nStatus: "Succeeded"\n',
      table = "Status  Succeeded\nDetail\n\nStatus  Succeeded\nDetail\n",
      jsonl = '{"Status":"Succeeded"}\n{"Status":"Succeeded"}\n' } do
      local code, text = shell(("fnf map-run wait %s %s -o %s --fields Status,Detail"):format(named(made), named(made),
        format))
      assert.same({ 0, expected }, { code, text })
    end
  end)

  it("prints a checkpoint of each that has not ended, and names what was never described", function()
    local slow = assert(cloud:map_run { ExecutionName = "slow", items = 600, Concurrency = 1, item_duration = 10 })
    local code, text, problem = shell(("fnf map-run wait %s %s a/b/c --timeout 1 -o tsv --fields Status"):format(
      named(made), named(slow)))
    assert.equal(5, code, problem)
    assert.truthy(text:find("^Status\nSucceeded\nfnf%-wait[^\n]*\n$"), text)
    assert.truthy(text:find('"slow"', 1, true), text)
    assert(cloud:fault { action = "DescribeMapRun", kind = "delay", delay = 5, times = 2 })
    code, text, problem = shell(("fnf map-run wait %s %s --timeout 0.5"):format(named(made), named(slow)))
    assert.same({ 124, "" }, { code, text })
    assert.truthy(problem:find("without a checkpoint: " .. named(slow), 1, true), problem)
  end)

  it("ends with 124 when the time is up, prints the checkpoint, and resume goes on with it", function()
    local slow = assert(cloud:map_run { items = 30, Concurrency = 10, item_duration = 1 })
    local code, checkpoint = shell("fnf map-run wait --timeout 0.5 " .. named(slow))
    assert.equal(124, code)
    local torn = checkpoint:gsub('[\n"]', "") -- as a shell has it without quotes
    for _, words in ipairs { quote(torn), "a b", "- </dev/null", ("- <<'E'\n%s%sE"):format(checkpoint, checkpoint) } do
      local problem
      code, _, problem = shell("fnf map-run resume " .. words)
      assert.equal(2, code, words)
      assert.truthy(problem:find("in quotes", 1, true), problem)
    end
    code = shell(("fnf map-run resume - <<'E'\n%sE"):format(checkpoint))
    assert.equal(0, code)
    code = shell(("fnf map-run resume %s"):format(quote((checkpoint:gsub("\n", "")))))
    assert.equal(0, code)
  end)

  it("refuses a checkpoint that is none, and more words than one", function()
    for words, expected in pairs { ["map-run resume"] = "one checkpoint expected",
      ["map-run resume a b"] = "one checkpoint expected", ["map-run resume no-checkpoint"] = "checkpoint",
      ["map-run wait a//c"] = "a//c is no flow/execution/map-run",
      ["map-run wait --flow-name flow"] = "give it as --execution-name",
      ["map-run wait --timeout 0 a/b/c"] = "timeout" } do
      local code, text, problem = shell("fnf " .. words)
      assert.same({ 2, "" }, { code, text }, words .. problem)
      assert.truthy(problem:find(expected, 1, true), problem)
    end
  end)

  it("waits for an execution, starts one and waits for it, and ends as they do", function()
    assert.equal(0, (shell "fnf flow create --name once --type FDL Description=d --definition 'type: flow'"))
    local code, text, problem = shell "fnf execution run --flow-name once --execution-name first --timeout 20"
    assert.equal(0, code, problem)
    assert.equal("Succeeded", json.decode(text).Status)
    code, text = shell "fnf execution wait once/first -o jsonl --fields Name,Status --on-done 'echo \"$FNF_EXECUTION\"'"
    assert.same({ 0, '{"Name":"first","Status":"Succeeded"}\n' }, { code, text })
    assert.equal(5, (shell "fnf execution wait once/never"))
  end)

  it("ends with 5 where an execution has no MapRun yet", function()
    local code, _, problem = shell "fnf map-run wait once/first"
    assert.equal(5, code)
    assert.truthy(problem:find("the execution first has no MapRun yet", 1, true), problem)
  end)

  it("ends with 124 when the time of many is up, with a checkpoint of each that was answered", function()
    local names = {}
    for i = 1, 2 do
      names[i] = named(assert(cloud:map_run { items = 100, Concurrency = 1, item_duration = 10,
        ExecutionName = "late-" .. i }))
    end
    local code, text, problem = shell("fnf map-run wait --timeout 1 " .. table.concat(names, " "))
    assert.equal(124, code, problem)
    assert.equal(2, select(2, text:gsub("\n", "")))
  end)

  it("waits for all MapRuns of an execution, or for the first of many", function()
    local alone = assert(cloud:map_run { ExecutionName = "alone", items = 2, item_duration = 0.05 })
    assert.equal(0, (shell(("fnf map-run wait %s/%s"):format(alone.FlowName, alone.ExecutionName))))
    local slow = assert(cloud:map_run { items = 600, Concurrency = 1, item_duration = 10 })
    local code, text = shell(("printf '%%s\\n' %s %s | fnf map-run wait --any -"):format(named(slow), named(made)))
    assert.equal(0, code)
    assert.equal(made.MapRunName, json.decode(text).MapRunName)
  end)

  it("keeps --timeout while it finds the MapRuns of an execution", function()
    local slow = assert(cloud:map_run { ExecutionName = "slow-to-find", items = 2, item_duration = 0.05 })
    for _, does in ipairs { "wait", "explain", "failures" } do
      assert(cloud:fault { kind = "delay", delay = 20, action = "GetExecutionHistory" })
      local began = core.now()
      local code, text = shell(("fnf map-run %s --timeout 0.5 --max-attempts 1 %s/%s"):format(does, slow.FlowName,
        slow.ExecutionName))
      assert.same({ 124, "" }, { code, text })
      assert.is_true(core.now() - began < 15)
    end
  end)

  it("keeps --timeout over all pages of a list", function()
    local usual = cloud
    cloud = assert(emulator.start())
    for token = 1, 60 do
      assert(cloud:fault { kind = "body", delay = 0.4,
        body = ('{"RequestId":"r","Flows":[],"Events":[],"NextToken":"%d"}'):format(token) })
    end
    local ended = {}
    for i, line in ipairs { "flow list", "map-run list f/e", "map-run wait f/e", "map-run explain f/e" } do
      local began = core.now()
      ended[i] = { shell(("fnf %s --timeout 1.5"):format(line)) }
      ended[i].soon = core.now() - began < 6
    end
    cloud:stop()
    cloud = usual
    for _, one in ipairs(ended) do
      assert.same({ 124, "", true }, { one[1], one[2], one.soon }, one[3])
    end
  end)

  it("passes over no line of stdin that names nothing", function()
    local code, _, problem = shell(("printf '%%s\\n' %s a/b/c/d | fnf map-run wait -"):format(named(made)))
    assert.equal(2, code)
    assert.truthy(problem:find("a/b/c/d is no flow/execution/map-run", 1, true), problem)
  end)

  it("ends with 124 when the time of a call is up; an attempt without an answer is the network's", function()
    assert(cloud:fault { kind = "delay", delay = 5 })
    assert.equal(124, (shell "fnf flow list --max-attempts 1 --timeout 0.3"))
    assert.equal(124, (shell("fnf execution run --timeout 0.0001 " .. made.FlowName)))
    local exit, errors = require "fnf.cli.exit", require "fnf.errors"
    assert.equal(8, exit.of_error(errors.new { kind = "timeout", message = "no answer in time" }))
    assert.equal(124, exit.of_error(errors.new { kind = "timeout", message = "no end", observed = {} }))
    for status, code in pairs { [401] = 4, [403] = 4, [404] = 5, [429] = 6, [400] = 7 } do
      assert.equal(code, exit.of_error(errors.new { kind = "service", code = "Unheard", status = status }))
    end
  end)

  it("ends with 2 on a wrong line, and names what is near", function()
    for words, expected in pairs {
      ["map-rn wait"] = "map%-run", ["map-run describe --flow-nam x"] = "%-%-flow%-name",
      ["call DescribeMapRn"] = "DescribeMapRun", ["map-run describe FlowNam=x"] = "FlowName",
      ["flow describe"] = "%-%-name VALUE", ["flow describe a/b"] = '"a/b"%? name or Name=value',
      ["map-run list a/b/c"] = "flow/execution or Name=value", ["execution describe a/b c/d"] = "one name",
      ["map-run wait a/b/c d/e/f --dry-run"] = "shows one request", ["execution wait a/b c/d"] = "one name",
      ["execution describe a//"] = "flow/execution", ["schedule describe /b"] = "flow/schedule or",
      ["flow list x"] = '"x"%? Name=value',
      ["flow list --limit=0"] = "%-%-limit must be at least 1", ["flow list --limit=1.5"] = "%-%-limit",
      ["flow list --timeout=-1"] = "%-%-timeout must be a positive", ["flow list --timeout=nan"] = "%-%-timeout",
      ["flow list --timeout=1e999"] = "%-%-timeout must be finite",
      ["flow list --max-attempts 0"] = "%-%-max%-attempts",
      ["map-run wait a/b/c --stall-after=x"] = "%-%-stall%-after must be a number",
      ["execution wait a/b --stall-after 1"] = "%-%-stall%-after", ["flow list --fields ,"] = "names no field",
      ["doctor --timeout 1"] = "%-%-timeout", ["flow list --region 'a b'"] = "%-%-region: must be",
      ["flow list --endpoint ftp://x"] = "%-%-endpoint: must",
      ["flow list --ca-file /nonexistent"] = "%-%-ca%-file: cannot",
      ["flow describe a --name b"] = "Name is given twice: b and a", ["flow delete a Name=b"] = "given twice",
      ["map-run wait --flow-name a b/c"] = "FlowName is given twice", ["map-run resume x"] = "no checkpoint",
      ["map-run wait - </dev/null"] = "on stdin", ["map-run wait - --generate lua"] = "of a wait that is shown",
      ["map-run wait a/b --generate lua"] = "%-%-map%-run%-name VALUE",
      ["map-run watch a/b --dry-run"] = "%-%-map%-run%-name VALUE",
      ["flow describe --name a --name b"] = "%-%-name",
      ["flow describe Name=a Name=b"] = "Name is given twice: a and b",
      ["flow describe --name a Name=b"] = "Name is given twice: a and b",
      ["flow describe a --params '[]'"] = "no JSON object", ["flow describe --params @"] = "file expected behind @",
      ["execution run f Input=@/no/such"] = "Input: /no/such",
      ["flow list --profile ''"] = "%-%-profile: is empty", ["flow list --ca-file ''"] = "%-%-ca%-file: is empty",
      ["map-run retry --as '' a/b/c"] = "%-%-as is empty",
      ["flow list --endpoint https://a:b@c"] = "%-%-endpoint: .* set ALIBABA_CLOUD_ACCESS_KEY_ID",
      ["map-run retry --items-path a a/b/c"] = "%-%-items%-path must be a plain path",
    } do
      local code, _, problem = shell("fnf " .. words)
      assert.equal(2, code, words)
      assert.truthy(problem:find(expected), problem)
    end
  end)

  it("ends with 4 on a wrong key, 5 on what is not there, 8 without a network and 9 without a region", function()
    assert.equal(4, (shell("fnf flow list", "ALIBABA_CLOUD_ACCESS_KEY_SECRET=wrong-secret-0")))
    assert.equal(5, (shell "fnf flow describe --name nobody"))
    assert.equal(8, (shell "fnf flow list --max-attempts 1 --endpoint http://127.0.0.1:1"))
    local code, _, problem = shell("fnf flow list", "FNF_ENDPOINT= ALIBABA_CLOUD_REGION_ID= HOME=/nonexistent")
    assert.equal(9, code)
    assert.matches("fnf: no region: give --region cn-hangzhou", problem, 1, true)
    code, _, problem = shell("fnf flow list", "FNF_CA_FILE=/nonexistent")
    assert.same({ 9, "fnf: FNF_CA_FILE: cannot read /nonexistent\n" }, { code, problem })
    assert.equal(0, (shell("fnf flow list", "FNF_CA_FILE=")))
    code, _, problem = shell("fnf flow list --max-attempts 1", "FNF_ENDPOINT=" .. cloud.https_url)
    assert.equal(8, code)
    assert.matches("give its authority by --ca-file or FNF_CA_FILE", problem, 1, true)
  end)

  it("ends with 3 on an Aborted run, 6 throttled out, 7 where the service fails", function()
    local aborted = assert(cloud:map_run { items = 50, item_duration = 1, abort_after = 0.1 })
    assert.equal(3, (shell("fnf map-run wait " .. named(aborted))))
    cloud:fault { status = 429, code = "Throttling.User" }
    assert.equal(6, (shell "fnf flow list --max-attempts 1"))
    cloud:fault { status = 500 }
    assert.equal(7, (shell "fnf flow list --max-attempts 1"))
  end)

  it("ends with the worst of several: the first error outranks the time that is up, and hides no checkpoint", function()
    local open = assert(cloud:map_run { items = 2, item_duration = 1000, ExecutionName = "open" })
    local code, text, problem = shell(("fnf map-run wait --timeout 2 %s/none %s"):format(
      named(made):match "^.*/" :sub(1, -2), named(open)))
    assert.equal(5, code, problem)
    assert.matches("no end in 2 seconds", problem, 1, true)
    assert.truthy(text:find(open.MapRunName, 1, true), text)
  end)

  it("ends with 10 on a stall, by the signal on Ctrl-C", function()
    local stuck = assert(cloud:map_run { items = 2, item_duration = 1000 })
    assert.equal(10, (shell("fnf map-run wait --stall-after 0.5 " .. named(stuck))))
    local wait = "-s INT 1 bin/fnf map-run wait " .. named(stuck)
    assert.equal(130, (shell("fnf() { env FNF_ENDPOINT=" .. cloud.url .. " ALIBABA_CLOUD_ACCESS_KEY_ID="
      .. cloud.access_key_id .. " ALIBABA_CLOUD_ACCESS_KEY_SECRET=" .. cloud.access_key_secret
      .. " timeout --preserve-status \"$@\"; }; fnf " .. wait)))
  end)

  it("15.7: says nothing when Ctrl-C comes while it is read", function()
    for module, command in pairs { ["fnf.cli"] = "bin/fnf",
      ["fnf.emulator.command"] = "$(readlink /proc/$PPID/exe) emulator/bin/fnf-emulator" } do
      local code, printed, said = shell(("LUA_INIT=%s %s"):format(
        quote(("package.preload[%q] = function() error 'interrupted!' end"):format(module)), command))
      assert.same({ 130, "", "" }, { code, printed, said })
    end
  end)

  it("ends by the signal when Ctrl-C comes while a command is at work", function()
    for _, module in ipairs { "fnf.cli.command", "fnf.cli.output" } do
      local code, printed, said = shell(("LUA_INIT=%s bin/fnf flow list"):format(quote((os.getenv "LUA_INIT" or "")
        .. (" package.preload[%q] = function() error 'interrupted!' end"):format(module))))
      assert.same({ 130, "", "" }, { code, printed, said })
    end
  end)

  it("shows its help where nothing is asked for, and starts the emulator", function()
    for _, words in ipairs { "", "help" } do
      local code, text = shell("fnf " .. words)
      assert.equal(0, code)
      assert.truthy(text:find("Usage: fnf", 1, true), text)
    end
    for _, words in ipairs { "flow", "map-run wait" } do
      local code, text = shell("fnf help " .. words)
      assert.same({ 0, 1 }, { code, (text:find("Usage: fnf " .. words .. " ", 1, true)) })
    end
    assert.equal(2, (shell "fnf help nothing"))
    local code, text = shell "fnf emulator --help"
    assert.equal(0, code)
    assert.truthy(text:find("Usage: fnf emulator", 1, true), text)
  end)

  it("says which package is missing, and does without where it can", function()
    for module, row in pairs { ["fnf.emulator.command"] = { "emulator", "install fnf-emulator" },
      argparse = { "flow list", "install lua-argparse" } } do
      local code, printed, said = shell(("LUA_INIT=%s bin/fnf %s"):format(quote((os.getenv "LUA_INIT" or "")
        .. (" package.preload[%q] = function() error 'not found' end"):format(module)), row[1]))
      assert.same({ 9, "" }, { code, printed })
      assert.truthy(said:find(row[2], 1, true), said)
    end
  end)

  it("works with stdin and stderr closed", function()
    local code, text = shell "fnf flow list -o jsonl --fields Name --limit 1 <&- 2>&-"
    assert.equal(0, code)
    assert.truthy(text:find('"Name"', 1, true), text)
  end)

  it("takes no key but that of the profile which is asked for", function()
    local code, _, problem = shell("fnf flow list --profile no-such", "HOME=/nonexistent")
    assert.equal(4, code, problem)
    assert.truthy(problem:find("no credentials found (cli_profile: ", 1, true), problem)
  end)

  it("asks for an operation that it does not know, with --unlisted", function()
    local code, _, problem = shell "fnf call --unlisted ExplainFlow Name=a Flag=true"
    assert.equal(7, code, problem)
    assert.truthy(problem:find("ExplainFlow", 1, true), problem)
    code, _, problem = shell "fnf call ExplainFlow Name=a"
    assert.equal(2, code)
    assert.truthy(problem:find("--unlisted", 1, true), problem)
  end)

  it("says of files and JSON that are none which flag names them", function()
    for words, expected in pairs {
      ["execution start --flow-name f --input @/no/such"] = "--input: /no/such: No such file",
      ["flow describe --params @/no/such"] = "--params: /no/such: No such file",
      ["flow describe --params @/"] = "--params: /: Is a directory",
      ["flow describe --params '[1]'"] = "--params: no JSON object",
      ["flow describe --params nothing"] = "--params: no JSON object: ",
      ["call ''"] = "the name of an operation expected, such as DescribeMapRun",
    } do
      local code, _, problem = shell("fnf " .. words)
      assert.equal(2, code)
      assert.truthy(problem:find(expected, 1, true), problem)
    end
  end)

  it("takes true and false for a parameter that is a boolean, and nothing else", function()
    local line = "fnf schedule create --dry-run --schedule-name s --flow-name f CronExpression=c Description=d Enable="
    local _, text = shell(line .. "false")
    assert.truthy(text:find("&Enable=false&", 1, true), text)
    local code, _, problem = shell(line .. "no")
    assert.equal(2, code)
    assert.truthy(problem:find("Enable must be a boolean", 1, true), problem)
  end)

  it("says nothing when Ctrl-C comes while a module is read that may be missing", function()
    for _, module in ipairs { "argparse", "cjson", "fnf.core", "fnf.curl", "fnf.credentials.keys" } do
      local code, printed, said = shell(("LUA_INIT=%s; export LUA_INIT; fnf flow list"):format(
        quote(("package.preload[%q] = function() error 'interrupted!' end"):format(module))))
      assert.same({ 130, "", "" }, { code, printed, said }, module)
    end
  end)

  it("draws without a word where there is no terminal to draw on", function()
    local code, _, problem = shell("setsid env FNF_ENDPOINT=" .. cloud.url .. " ALIBABA_CLOUD_ACCESS_KEY_ID="
      .. cloud.access_key_id .. " ALIBABA_CLOUD_ACCESS_KEY_SECRET=" .. cloud.access_key_secret
      .. " bin/fnf map-run watch --progress tty " .. named(made) .. " </dev/null")
    assert.equal(0, code)
    assert.is_nil(problem:find("/dev/tty", 1, true), problem)
  end)

  it("tells its exit codes", function()
    local code, text = shell "fnf help exit-codes"
    assert.equal(0, code)
    assert.truthy(text:find("124", 1, true))
  end)

  it("ends with 141 where nobody reads, whether the signal may end it or not", function()
    local closed = 'd=$(mktemp -d); mkfifo $d/p; exec 3<>$d/p 4>$d/p 3<&-; rm -r $d; '
    assert.equal(141, (shell(closed .. "fnf flow list -o jsonl >&4")))
    assert.equal(141, (shell(closed .. "trap '' PIPE; fnf flow list -o jsonl >&4")))
  end)

  it("gives up with 10 once more has failed than may, with --fail-fast", function()
    local failing = assert(cloud:map_run { items = 400, Concurrency = 4, item_duration = 0.2, failure_share = 1,
      ToleratedFailedCount = 1, ExecutionName = "failing" })
    local code, text = shell("fnf map-run wait --fail-fast " .. named(failing))
    assert.truthy(code == 10 and text:find '"Running"' or code == 1 and text:find '"Failed"', code .. text)
    local exit = require "fnf.cli.exit"
    assert.equal(10, exit.of_status "Running")
  end)

  it("runs a command at each end, whose shell does not read what the service said", function()
    local failed = assert(cloud:map_run { items = 2, item_duration = 0.05, failure_share = 1, ExecutionName = "done" })
    local code, text, problem = shell(("fnf map-run wait %s %s --fields Status --on-done %s"):format(named(made),
      named(failed), quote 'echo "<$FNF_STATUS $FNF_EXECUTION $FNF_FAILED of $FNF_TOTAL>"'))
    assert.equal(1, code)
    assert.is_nil(text:find("<", 1, true))
    assert.truthy(problem:find("<Succeeded execution 0 of 2>\n", 1, true), problem)
    assert.truthy(problem:find "<Failed done %d of 2>\n", problem)
    code, text, problem = shell("fnf map-run wait 'a$(echo pwned)/`echo pwned`/c;echo pwned' --on-done "
      .. quote 'echo "<$FNF_FLOW $FNF_MAP_RUN>"; exit 3')
    assert.same({ 5, "" }, { code, text })
    assert.truthy(problem:find("--on-done: it ended with status 3", 1, true), problem)
    problem = select(3, shell("fnf map-run wait 'a$(echo pwned)/`echo pwned`/c;echo pwned' --on-done "
      .. quote 'echo "<$FNF_FLOW $FNF_MAP_RUN>"'))
    assert.truthy(problem:find("<a$(echo pwned) c;echo pwned>", 1, true), problem)
  end)

  it("gives a parameter that is called as one of our flags to the service", function()
    for line, expected in pairs {
      ["fnf flow list --dry-run --limit 3 Limit=7"] = "&Limit=7&",
      [ [[fnf execution start --dry-run --flow-name flow --input '{"a":1}']] ] = "Input=%7B%22a%22%3A1%7D",
      [ [[echo '{"FlowName":"flow","Input":"{}"}' | fnf execution start --dry-run --params -]] ] =
        "FlowName=flow&Input=%7B%7D",
      ["fnf task succeed --dry-run --task-token token --output '{}' -o json"] = "Output=%7B%7D",
      [ [[f=$(mktemp); echo '[2]' >$f; fnf execution start --dry-run --flow-name flow --input @$f; rm $f]] ] =
        "Input=%5B2%5D",
      [ [[f=$(mktemp); echo '[3]' >$f; fnf execution start --dry-run flow Input=@$f; rm $f]] ] = "Input=%5B3%5D",
      [ [[echo '[4]' | fnf execution start --dry-run flow Input=-]] ] = "Input=%5B4%5D",
    } do
      local _, text, problem = shell(line)
      assert.truthy(text:find(expected, 1, true), text .. problem)
    end
    local command, flags, operations = require "fnf.cli.command", require "fnf.cli.flags", require "fnf.operations"
    local ours, colliding = {}, {}
    for _, group in ipairs(command.parser()._commands) do
      for _, option in ipairs(group._name == "call" and group._options or {}) do
        for _, alias in ipairs(option._aliases) do
          ours[alias] = true
        end
      end
    end
    for _, row in pairs(operations) do
      for name in pairs(row.parameters) do
        colliding[name] = ours[flags.of(name)] or nil
      end
    end
    assert.same({ Input = true, Output = true }, colliding) -- a spec's line above, and `task succeed --output`
  end)
end)
