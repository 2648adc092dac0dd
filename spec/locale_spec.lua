--- 12.8: a host whose locale has a decimal comma, or another lower case of I (Turkish), from the start or later, in a
--- Lua of its own.
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
local when, locale, category = ...
local function to_locale()
  if not os.setlocale(locale, category) then io.write("no locale") os.exit(0) end
end
local function equal(wanted, got, what)
  if wanted ~= got then
    io.write(what, ": ", tostring(got), " instead of ", tostring(wanted), "\n")
  end
end

if when == "before" then to_locale() end
local fnf = require "fnf"
local cjson = require "cjson" -- the host's own
if when == "between" then to_locale() end

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
if when == "later" then to_locale() end

-- to the wire
local params = { FlowName = "f", ExecutionName = "e", MapRunName = "m", ToleratedFailedPercentage = 2.5,
  Concurrency = 7 }
assert(client:update_map_run(params))
equal("2.5", url:match("ToleratedFailedPercentage=([^&]*)"), "a fraction in a query")
assert(client:start_execution { FlowName = "f", Input = { 1.5, 0.1, 12, 1e300 } })
equal("%5B1.5%2C0.1%2C12%2C1e%2B300%5D", url:match("Input=([^&]*)"), "fractions in an Input")
assert(client:call("NewAction", { Share = 0.25 }))
equal("0.25", url:match("Share=([^&]*)"), "a fraction of a call")

-- to Redis
local words = {}
local limiter = fnf.new { region = "cn-hangzhou", access_key_id = "id", access_key_secret = "secret", share = {
  command = function(name, ...)
    words = { ... }
    return name == "SCRIPT" and "hash" or nil
  end } }.share:rate_limiter({ action = "Act" }, { rate = 0.5, burst = 2.5 })
limiter:pause(limiter:take(1, 0.75), 1)
equal("0.250000 0.500000 2.500000  2.500000 0", table.concat(words, " ", #words - 5), "fractions of a permit")

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

-- letters
equal(1.5, response.hint "RETRY-AFTER: 1.5\r\n", "a hint in capitals")
equal(10, (response.quota "X-RATELIMIT-USER-API: Limit:10,Remain:3,TimeLeft:2000\r\n" or {}).limit,
  "a quota in capitals")
local secret = require("fnf.errors").new { kind = "network", message = "SIGNATURE=Abc123Def456" }
equal(nil, tostring(secret):match "Abc123", "a signature in capitals in an error")
local in_capitals = fnf.new { endpoint = "HTTPS://FNF.CN-HANGZHOU.ALIYUNCS.COM/", access_key_id = "i",
  access_key_secret = "s", max_attempts = 1, transport = function(request)
    url = request.url
    return { status = 200, headers = { ["CONTENT-ENCODING"] = "IDENTITY" }, body = "x" }
  end }
local _, plain = in_capitals:describe_map_run { FlowName = "f", ExecutionName = "e", MapRunName = "m" }
equal("https://fnf.cn-hangzhou.aliyuncs.com", url:match "^[^/]+//[^/]+", "an endpoint in capitals")
equal(nil, plain.message:match "coded as", "a coding in capitals")

-- letters of UTF-8, some bytes of which are blanks and control characters to a locale of one byte
local letters = "\232\174\162\229\141\149 \195\160\195\133"
answer = '{"Code":"FlowNotExists","Message":"no ' .. letters .. '","RequestId":"r"}'
local _, foreign = client:describe_map_run { FlowName = letters, ExecutionName = letters, MapRunName = "m" }
equal("no " .. letters, foreign.message, "letters in a message")
local checked, refused = pcall(client.describe_execution, client, { FlowName = letters, ExecutionName = letters,
  WaitTimeSeconds = 1 })
equal("true", checked and "true" or refused, "letters in a name")
local shown = require("fnf.execution.report").new { FlowName = letters }
equal(letters, tostring(shown):match "^[^/]*", "letters in a report")
equal(letters, (require("fnf.execution.cause").form(letters)), "letters in a cause")

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

--- In Turkish the lower case of I is no i; in ISO 8859-9 it is a byte of its own.
local LOCALES = {
  { "de_DE", "UTF-8", "numeric", "a decimal comma in the host's locale" },
  { "tr_TR", "UTF-8", "all", "a Turkish host in UTF-8" },
  { "tr_TR", "ISO-8859-9", "all", "a Turkish host in ISO 8859-9" },
}

for _, row in ipairs(LOCALES) do
  describe("12.8: " .. row[4], function()
    local folder, problem
    local name = row[1] .. "." .. row[2]

    setup(function()
      folder = os.tmpname()
      os.remove(folder)
      run("mkdir " .. folder)
      local said = run(("localedef -i %s -f %s %s/%s"):format(row[1], row[2], folder, name))
      local file = assert(io.open(folder .. "/program.lua", "w"))
      file:write(PROGRAM)
      file:close()
      if run(("LOCPATH=%s %s -e 'io.write(tostring(os.setlocale([[%s]], [[numeric]])))'"):format(folder,
        interpreter(), name)) ~= name then
        problem = ("no locale %s can be made here (package locales): %s"):format(name, said:match("[^\n]*"))
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
        assert.equal("", run(("LOCPATH=%s LUA_PATH='%s' LUA_CPATH='%s' %s %s/program.lua %s %s %s"):format(folder,
          package.path, package.cpath, interpreter(), folder, when, name, row[3])))
      end)
    end
  end)
end
