--- 12.8: a host whose locale has a decimal comma, from the start or later, in a Lua of its own.
-- SPDX-License-Identifier: MIT

local function run(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local function interpreter()
  local found = "lua"
  for i = -1, -20, -1 do
    found = arg[i] or found
  end
  return found
end

--- Everything that travels or is told with a number in it. Prints what is wrong, else nothing.
local PROGRAM = [[
local when = ...
local function to_comma()
  if not os.setlocale("de_DE.UTF-8", "numeric") then io.write("no locale") os.exit(0) end
end
local function equal(wanted, got, what)
  if wanted ~= got then
    io.write(what, ": ", tostring(got), " instead of ", tostring(wanted), "\n")
  end
end

if when == "before" then to_comma() end
local fnf = require "fnf"
local cjson = require "cjson" -- the host's own
if when == "between" then to_comma() end

local url
local answer = '{"Status":"Succeeded","RequestId":"r","MapRunName":"m","Concurrency":3,"ToleratedFailedPercentage":2.5,'
  .. '"ItemCounts":{"Total":12,"Succeed":12},"Extra":[1,2,2.5,-0.5,1e3,1.5e-3,9007199254740993]}'
local headers = {}
local asked = 0
local client = fnf.new { region = "cn-hangzhou", access_key_id = "id", access_key_secret = "secret", max_attempts = 1,
  transport = function(request)
    url = request.url .. "&" .. (request.body or "")
    asked = asked + 1
    return { status = 200, headers = headers, body = answer }
  end }
if when == "later" then to_comma() end

-- to the wire
local params = { FlowName = "f", ExecutionName = "e", MapRunName = "m", ToleratedFailedPercentage = 2.5,
  Concurrency = 7 }
assert(client:update_map_run(params))
equal("2.5", url:match("ToleratedFailedPercentage=([^&]*)"), "a fraction in a query")
assert(client:start_execution { FlowName = "f", Input = { 1.5, 0.1, 12, 1e300 } })
equal("%5B1.5%2C0.1%2C12%2C1e%2B300%5D", url:match("Input=([^&]*)"), "fractions in an Input")
assert(client:call("NewAction", { Share = 0.25 }))
equal("0.25", url:match("Share=([^&]*)"), "a fraction of a call")

-- from the wire
local run = assert(client:describe_map_run { FlowName = "f", ExecutionName = "e", MapRunName = "m" })
equal(2.5, run.ToleratedFailedPercentage, "a fraction of an answer")
equal(12, run.ItemCounts.Total, "a whole number of an answer")
for i, value in ipairs { 1, 2, 2.5, -0.5, 1000, 0.0015 } do
  equal(value, run.Extra[i], "number " .. i .. " of a list")
end
equal(true, fnf.decode("1.5") == 1.5 and fnf.decode("[1,2]")[2] == 2, "a text")
asked = 0
local ended = client:wait_map_run({ FlowName = "f", ExecutionName = "e", MapRunName = "m" }, { timeout = 5 })
equal("Succeeded", ended and ended.Status, "a wait")
equal(1, asked, "polls of an ended MapRun")
equal(false, (pcall(client.call, client, "NewAction", { Input = { 2 ^ 60 } })), "a number that lost digits")

local response, time = require "fnf.call.response", require "fnf.time"
equal(1.5, response.hint { ["retry-after"] = "1.5" }, "a hint in seconds")
equal(1.5, response.hint { ["x-acs-retry-after"] = "1500" }, "a hint in milliseconds")
equal(time.from_rfc3339 "2019-01-01T01:01:01Z" + 0.5, time.from_rfc3339 "2019-01-01T01:01:01.5Z", "a time")

-- in messages
local _, problem = pcall(client.update_map_run, client, { FlowName = "f", ExecutionName = "e", MapRunName = "m",
  ToleratedFailedPercentage = 100.5 })
equal("must be at most 100, is 100.5", problem:match("must be.*$"), "a message of misuse")
answer = '{"Status":"Running","RequestId":"r","MapRunName":"m"}'
local clock = 0
local _, err = client:wait_map_run({ FlowName = "f", ExecutionName = "e", MapRunName = "m" }, { timeout = 0.25 })
equal(nil, tostring(err):match("%d,%d"), "a message of a wait")
equal("0.5", require("fnf.number").format("%.1f", 0.5), "a number in a text")
if when ~= "before" then -- a host that loads lua-cjson first and changes the locale has what it had
  equal(true, pcall(cjson.encode, { 1 }), "the host's lua-cjson")
end
]]

describe("12.8: a decimal comma in the host's locale", function()
  local folder, problem

  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    run("mkdir " .. folder)
    local said = run(("localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8"):format(folder))
    local file = assert(io.open(folder .. "/program.lua", "w"))
    file:write(PROGRAM)
    file:close()
    if run(("LOCPATH=%s %s -e 'io.write(tostring(os.setlocale([[de_DE.UTF-8]], [[numeric]])))'"):format(folder,
      interpreter())) ~= "de_DE.UTF-8" then
      problem = "no locale de_DE.UTF-8 can be made here (package locales): " .. said:match("[^\n]*")
    end
  end)

  teardown(function()
    run("rm -r " .. folder)
  end)

  for when, title in pairs { before = "before fnf is loaded", between = "after fnf was loaded",
    later = "after a client was made" } do
    it("does not matter when it comes " .. title, function()
      if problem then
        pending(problem)
        return
      end
      assert.equal("", run(("LOCPATH=%s LUA_PATH='%s' LUA_CPATH='%s' %s %s/program.lua %s"):format(folder, package.path,
        package.cpath, interpreter(), folder, when)))
    end)
  end
end)
