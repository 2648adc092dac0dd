--- What a call would send (`--dry-run`), how it is signed (`--debug`), and how it is written elsewhere (`--generate`,
--- `--skeleton`), by the program against the emulator.
-- SPDX-License-Identifier: MIT

local emulator = require "fnf.emulator"
local json = require "fnf.json"
local shell = require "fnf.emulator.shell"

describe("fnf", function()
  local cloud, made, name, environment

  setup(function()
    cloud = assert(emulator.start())
    made = assert(cloud:map_run { items = 1, item_duration = 0.05 })
    name = ("%s/%s/%s"):format(made.FlowName, made.ExecutionName, made.MapRunName)
    environment = { FNF_ENDPOINT = cloud.url, ALIBABA_CLOUD_ACCESS_KEY_ID = cloud.access_key_id,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET = cloud.access_key_secret }
  end)

  teardown(function()
    cloud:stop()
  end)

  --- Run it; whether it ended with 0, and all it printed.
  local function fnf(words, more)
    local line = { "env -u LUA_PATH -u LUA_CPATH" }
    for _, variables in ipairs { environment, more or {} } do
      for variable, value in pairs(variables) do
        line[#line + 1] = variable .. "=" .. shell.quote(value)
      end
    end
    return shell.run(table.concat(line, " ") .. " bin/fnf " .. words)
  end

  it("prints the signed request and sends nothing, with --dry-run", function()
    local done, printed = fnf "flow create --dry-run Name=never-made Type=FDL Definition=d Description=\"it's\""
    assert.is_true(done, printed)
    assert.matches("^POST http://127.0.0.1:%d+/%?AccessKeyId=", printed)
    assert.matches("Signature=***\n", printed, 1, true)
    assert.matches("content-type: application/x-www-form-urlencoded\n", printed, 1, true)
    assert.matches("\nDefinition=d&Description=it%27s&Name=never-made&Type=FDL\n", printed, 1, true)
    assert.matches("\ncurl -X POST -H 'accept: application/json' ", printed, 1, true)
    assert.is_false((fnf "flow describe --name never-made"))
  end)

  it("says why it cannot show a request: a name is missing, or a key", function()
    local done, printed = fnf("map-run wait --dry-run " .. made.FlowName .. "/" .. made.ExecutionName)
    assert.is_false(done)
    assert.matches("missing parameter MapRunName; give it as --map-run-name VALUE", printed, 1, true)
    done, printed = fnf("flow list --dry-run --profile no-such", { HOME = "/nonexistent" })
    assert.is_false(done)
    assert.matches("no credentials found", printed, 1, true)
    done, printed = fnf("map-run wait --dry-run " .. name)
    assert.is_true(done, printed)
    assert.matches("&Action=DescribeMapRun&", printed, 1, true)
  end)

  it("masks the key's id but for its end, its token and the signature, in every form that they travel in", function()
    local token = "SECRET/to+ken=="
    local _, printed = fnf("map-run describe --dry-run " .. name, { ALIBABA_CLOUD_SECURITY_TOKEN = token })
    assert.matches("SecurityToken=***", printed, 1, true)
    assert.matches("AccessKeyId=***" .. cloud.access_key_id:sub(-4), printed, 1, true)
    assert.is_nil(printed:find("SECRET", 1, true))
    assert.is_nil(printed:find(cloud.access_key_id, 1, true))
    assert.is_nil(printed:find(cloud.access_key_secret, 1, true))
    local _, debugged = fnf("map-run describe --debug --max-attempts 1 " .. name,
      { ALIBABA_CLOUD_SECURITY_TOKEN = token })
    assert.matches("SecurityToken%3D***", debugged, 1, true)
    assert.is_nil(debugged:find("SECRET", 1, true))
    local _, task = fnf "task succeed --dry-run --task-token TASKSECRET --output '{}'"
    assert.is_nil(task:find("TASKSECRET", 1, true))
    _, task = fnf "task succeed --dry-run --task-token t --output '{}'"
    assert.matches("&Signature=***\n", task, 1, true)
  end)

  it("masks what the header family signs", function()
    local preview = require "fnf.cli.preview"
    local client = require("fnf").new { endpoint = cloud.url, region = "cn-hangzhou",
      signature = "ACS3-HMAC-SHA256", access_key_id = "IDENTITY0000WXYZ", access_key_secret = "s3cret",
      security_token = "t0ken" }
    local request = assert(preview.request(client, {}, function()
      client:describe_regions()
    end))
    assert.matches("Credential=%*%*%*WXYZ,SignedHeaders=[%w;-]+,Signature=%*%*%*$", request.headers.authorization)
    assert.equal("***", request.headers["x-acs-security-token"])
    client:close()
  end)

  it("prints a curl line that a shell reads as the request it is", function()
    local done, printed = fnf "flow create --dry-run -o json Name=n Type=FDL Description=d Definition=\"it's \\$HOME\""
    assert.is_true(done, printed)
    local request = assert(json.decode(printed))
    local _, words = shell.run("curl() { for word; do printf '%s\\n' \"$word\"; done; }\n" .. request.curl)
    assert.matches("\n--data-raw\n" .. request.body .. "\n" .. request.url, "\n" .. words, 1, true)
  end)

  it("tells how a request is signed and how long its steps take, with --debug", function()
    local done, printed = fnf("map-run describe --debug " .. name)
    assert.is_true(done, printed)
    assert.matches("fnf: DescribeMapRun, attempt 1: HTTP 200 in [%d.]+ ms\n", printed)
    assert.matches("\n  string to sign:\n    GET&%%2F&AccessKeyId", printed)
    assert.matches("\n  times: address after [%d.]+ ms, connected after [%d.]+ ms, first byte after [%d.]+ ms", printed)
    local _, secure = fnf("map-run describe --debug " .. name, { FNF_ENDPOINT = cloud.https_url,
      FNF_CA_FILE = cloud.ca_file })
    assert.matches(", TLS after [%d.]+ ms, ", secure)
    cloud:fault { status = 503 }
    local _, again = fnf("map-run describe --debug " .. name)
    assert.matches("attempt 1: HTTP 503.*attempt 2: HTTP 200", again)
  end)

  it("prints calls, lists, waits and operations without a row as programs that run", function()
    for words, expected in pairs {
      ["map-run describe " .. name] = "MapRunName\t" .. made.MapRunName,
      ["map-run wait --timeout 20 " .. name] = "Status\tSucceeded",
      ["map-run watch " .. name .. " " .. name] = "1\tSucceeded\tnil",
      ["execution wait " .. made.FlowName .. "/" .. made.ExecutionName] = "Name\t" .. made.ExecutionName,
      ["map-run list " .. made.FlowName .. "/" .. made.ExecutionName] = "MapRunName\t" .. made.MapRunName,
      ["map-run wait --any --timeout 20 " .. name .. " " .. name] = "Status\tSucceeded",
      ["flow list"] = "Name\t" .. made.FlowName,
      ["flow list --limit 1"] = "Name\t" .. made.FlowName,
      ["call DescribeFlow Name=" .. made.FlowName] = "Name\t" .. made.FlowName,
      ["call DescribeFlow --endpoint " .. cloud.url .. " Name=" .. made.FlowName] = "Name\t" .. made.FlowName,
    } do
      local done, program = fnf(words .. " --generate lua")
      assert.is_true(done, program)
      local line = { "export" }
      for variable, value in pairs(environment) do
        line[#line + 1] = variable .. "=" .. shell.quote(value)
      end
      local interpreter = arg[-1] or "lua"
      local ran, printed = shell.run(table.concat(line, " ") .. "\nprintf %s \"$1\" | " .. interpreter .. " -", program)
      assert.is_true(ran, words .. "\n" .. program .. printed)
      assert.matches(expected, printed, 1, true)
    end
  end)

  it("writes texts so that every Lua reads them", function()
    local generate = require "fnf.cli.generate"
    local definition = "a\nb\r\0\27\"\\]]0"
    local deep = { 1, "a", ["end"] = true, ["a b"] = "x", [7] = false, none = {} }
    local program = generate.lua { entry = { operation = "create_flow" }, options = {}, names = {}, rest = {},
      params = { Definition = definition, Deep = deep } }
    local found
    local read = rawget(_G, "loadstring") or load
    local chunk = assert(read((program:gsub('^local fnf = require "fnf"', "local fnf = ..."))))
    chunk { new = function()
      return { create_flow = function(_, params)
        found = params
        return {}
      end }
    end }
    assert.same({ Definition = definition, Deep = deep }, found)
  end)

  it("writes programs for checkpoints, profiles and operations without a row", function()
    local generate = require "fnf.cli.generate"
    local line = { entry = { does = "resume" }, options = { profile = "work" }, names = {}, params = {},
      rest = { "check" } }
    assert.matches('local client = fnf.new {\n  credentials = fnf.credentials.profile("work"),\n}\n\n'
      .. 'local answer, err = client:resume("check")\n', generate.lua(line), 1, true)
    line.options.region = "cn-hangzhou"
    assert.matches('fnf.new {\n  region = "cn-hangzhou",\n  credentials = fnf.credentials.profile("work"),\n}\n',
      generate.lua(line), 1, true)
    local _, program = fnf "call --unlisted ExplainFlow Name=a --timeout 3 --generate lua"
    assert.matches('client:call("ExplainFlow", {\n  Name = "a",\n}, {\n  timeout = 3,\n})\n', program, 1, true)
  end)

  it("prints the parameters of an operation with their rules, as --skeleton", function()
    local done, printed = fnf "call --skeleton UpdateMapRun"
    assert.is_true(done, printed)
    local rules = assert(json.decode(printed))
    assert.equal("name; required", rules.FlowName)
    assert.equal("number from 0 to 100", rules.ToleratedFailedPercentage)
  end)
end)
