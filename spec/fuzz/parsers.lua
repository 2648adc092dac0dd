--- A coverage-guided loop over what reads foreign bytes: `lua spec/fuzz/parsers.lua [SECONDS [SEED [RUNS [TARGET]]]]`.
-- SPDX-License-Identifier: MIT
--
-- Seconds are of each target. An input that reaches a new line, or a new pair of lines, joins the corpus. Held besides
-- "it does not raise": what the target's own function holds, and that repeating an input to 40 KB costs no more than
-- four times what 10 KB do. Prints executions, lines and corpus; a broken invariant ends it with the input.

local credentials_file = require "fnf.credentials.credentials_file"
local errors = require "fnf.errors"
local fake_platform = require "spec.support.fake_platform"
local fnf = require "fnf"
local framing = require "fnf.platform.nginx_framing"
local json = require "fnf.json"
local number = require "fnf.number"
local operations = require "fnf.operations"
local parse = require "fnf.credentials.parse"
local process = require "fnf.credentials.process"
local response = require "fnf.call.response"
local effort = require "spec.support.effort"
local time = require "fnf.time"

local SECONDS, SEED, ONLY = tonumber(arg[1] or 10), tonumber(arg[2] or 1), arg[4]
local RUNS = tonumber(arg[3] or -1) -- of a target at most; what of them comes first is the same each time

---- randomness of our own: the same numbers in every Lua ----

local state = SEED % 2147483647 + 1
local function draw(most)
  state = state * 16807 % 2147483647
  return state % most + 1
end

---- targets ----

local function stream(bytes, size)
  local at = 1
  return function()
    if at > #bytes then
      return nil, "closed"
    end
    at = at + size
    return bytes:sub(at - size, at - 1)
  end
end

local function outcome_of(bytes, size)
  local answer, outcome = framing.read(stream(bytes, size), function() end)
  if not answer then
    return "refused: " .. outcome.status
  end
  -- Whether the connection may serve on depends on what has come already, and so on the pieces.
  return ("%s|%s|%s"):format(answer.status, tostring(answer.headers), answer.body)
end

local function equal(one, other)
  if type(one) ~= "table" or type(other) ~= "table" then
    return one == other or one ~= one and other ~= other
  end
  for key, value in pairs(one) do
    if not equal(value, other[key]) then
      return false
    end
  end
  for key in pairs(other) do
    if one[key] == nil then
      return false
    end
  end
  return true
end

local function check_error(err)
  assert(errors.is(err), "no error object: " .. tostring(err))
  assert(not tostring(err):find "[%z\1-\31]", "a control character in an error's line")
end

local row = operations.describe_map_run
local names = fake_platform.names

local function sum(text) -- as checkpoint.lua reckons it: a damaged one would get no further
  local a, b = 1, 0
  for i = 1, #text do
    a = (a + text:byte(i)) % 65521
    b = (b + a) % 65521
  end
  return ("%04x%04x"):format(b, a)
end

local TARGETS = {
  framing = { seeds = { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 103 E\r\nA: x\r\n\r\nHTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n0\r\nA: b\r\n\r\n",
    "HTTP/1.0 404 Not Found\r\nA: b\r\n c\r\n\r\nbody" },
    words = { "\r\n", "Content-Length: ", "Transfer-Encoding: chunked\r\n", "HTTP/1.1 ", "0\r\n\r\n", "ffffffff",
      "\0" },
    run = function(text)
      local whole = outcome_of(text, math.max(1, #text))
      assert(whole == outcome_of(text, 1), "byte by byte it is something else")
      assert(whole == outcome_of(text, 7), "in pieces it is something else")
    end },
  response = { seeds = { '{"MapRunName":"5f2c8d1e0a7b4c3d9e6f8a1b2c3d4e5f","Status":"R","ItemCounts":{"Total":1}}',
    '{"Code":"X","Message":"y","RequestId":"r"}', "<html>" },
    words = { '"ItemCounts":', "null", "[]", "{}", "1e999", '"Status":', '"\\u0000"' },
    run = function(text)
      for _, status in ipairs { 200, 302, 404, 429, 503 } do
        local result, err = response.read(row, names, { status = status, headers = { ["retry-after"] = text },
          body = text })
        if not result then
          check_error(err)
        end
      end
    end },
  hints = { seeds = { "Retry-After: 3\r\nDate: Sat, 28 Nov 2026 07:00:00 GMT\r\n",
    "x-ratelimit-user-api: Limit:10,Remain:3,TimeLeft:2000,Reset:1\r\n", "x-acs-retry-after: 1500\r\n" },
    words = { "TimeLeft:", "Limit:", "Remain:", "retry-after: ", "GMT", "1e9", "-1", "0x10", "nan", "inf" },
    run = function(text)
      local hint = response.hint(text)
      assert(hint == nil or type(hint) == "number" and hint >= 0 and hint < math.huge, "a hint that cannot be slept")
      local quota = response.quota(text)
      assert(not quota or quota.limit > 0 and quota.remain >= 0 and quota.left >= 0, "no quota")
    end },
  time = { seeds = { "2026-11-28T07:00:00.5+08:00", "2019-01-01T01:01:01Z", "Sat, 28 Nov 2026 07:00:00 GMT" },
    words = { "T", "Z", "+08:00", "99", "GMT", "Feb", "00" },
    run = function(text)
      for _, read in ipairs { time.from_rfc3339, time.from_http } do
        local seconds = read(text)
        assert(seconds == nil or type(seconds) == "number" and seconds == seconds and math.abs(seconds) < 1e13,
          "no time")
      end
      local value = number.read(text)
      assert(value == nil or type(value) == "number", "no number")
    end },
  checkpoint = { seeds = {}, words = { '"progress":', "1e400", "null", "[]", "-1", '"polls":', '"total":0', "{}" } },
  credentials_file = { seeds = { "[default]\ntype = access_key\naccess_key_id = a # b\naccess_key_secret = b\n",
    "[a]\nrole_name: x\n\n[a]\nkey = one \\\ntwo\n; c" },
    words = { "[", "]", "=", ":", "\\\n", "\r\n", "#", "\239\187\191", "type" },
    run = function(text)
      local sections = credentials_file.parse(text)
      assert(type(sections) == "table", "no sections")
    end },
  profile = { seeds = {
    '{"current":"p","profiles":[{"name":"p", "mode":"AK","access_key_id":"a","access_key_secret":"b"}]}',
    '{"profiles":[{"name":"default","mode":"RamRoleArn","source_profile":"x"}]}' },
    words = { '"mode":"StsToken"', '"mode":"External"', '"mode":"ChainableRamRoleArn"', "null", "[]", '"name":"p"',
      "{}" },
    run = function(text)
      local cloud = fake_platform.new { { times = math.huge, status = 503 } }
      cloud.environment.HOME = "/h"
      cloud.files["/h/.aliyun/config.json"] = text
      local run, err = cloud:client({ credentials = fnf.credentials.profile(), max_attempts = 1 })
        :describe_map_run(names)
      assert(not run, "a result out of 503")
      check_error(err)
      local object = parse.object(text)
      assert(object == nil or type(object) == "table", "neither an object nor nothing")
    end },
  command = { seeds = { "/usr/bin/keys --profile 'a b' \"c\\\"d\" e\\ f", "a 'b\\' \"\\$x\"", "'' \"\"" },
    words = { "'", '"', "\\", " ", "\n", "$", "\\\n", "\0" },
    run = function(text)
      local words, problem = process.split(text)
      assert(words or type(problem) == "string", "no problem")
      if not words or #text > 1000 then -- where the time is measured, what is refused would cost less
        return
      end
      local quoted = {}
      for i, word in ipairs(words) do
        quoted[i] = "'" .. word:gsub("'", "'\\''") .. "'"
      end
      assert(equal(words, process.split(table.concat(quoted, " \t"))), "written in quotes it is something else")
    end },
  program = { seeds = { '{"mode":"AK","access_key_id":"a","access_key_secret":"b"}',
    '{"mode":"StsToken","access_key_id":"a","access_key_secret":"b","sts_token":"c"}' },
    words = { '"mode":"StsToken"', '"sts_token":', '"expiration":"2026-11-28T07:00:00Z"', "null", "{}", "1e9", "\0" },
    run = function(text)
      local key, err = process.fetch({ getenv = function() end, run = function() return text end }, { command = "x" })
      if key then
        assert(key.access_key_id ~= "" and key.access_key_secret ~= "", "half a key")
      else
        check_error(err)
      end
    end },
  json = { seeds = { '{"a":[1,2.5,-0.0,1e3,12345678901234567890],"b":"\\u00e9\\ud83d\\ude00","c":{},"d":[],"e":null}' },
    words = { "[]", "{}", "null", "1e308", "9007199254740993", '"\\u', "\255", "\0", "[[[[", ",", ":" },
    run = function(text)
      local value, reason = json.decode(text)
      if value == nil then
        assert(reason, "no reason")
        return
      end
      -- What may have lost digits is refused of a caller before it is written.
      local again = not json.validate(value) and json.encode(value)
      if again then
        local second = json.decode(again)
        assert(equal(value, second), "written and read it is something else: " .. again)
      end
      assert(json.problem(text) == nil, "read, but a problem")
    end },
}

-- Checkpoints are read by a client, as users do, with a right sum of what was made of their text.
do
  local text
  local cloud = fake_platform.new { { times = math.huge, body = { Status = "Running", MapRunName = names.MapRunName,
    ItemCounts = { Total = 10, Succeed = 1, Running = 9, Pending = 0, Failed = 0, Aborted = 0 } } } }
  local client = cloud:client { on_event = function() end }
  client:wait_map_run(names, { timeout = 30, on_progress = function(_, _, wait)
    text = wait:checkpoint()
  end })
  local head, body = text:match "^([%w-]+)%.%x+%.(.*)$"
  TARGETS.checkpoint.seeds[1] = body
  TARGETS.checkpoint.run = function(bytes)
    cloud.sleeps = {}
    local run, err = client:resume(("%s.%s.%s"):format(head, sum(bytes), bytes), { timeout = 1, max_polls = 1 })
    if not run then
      check_error(err)
    end
  end
end

local has_emulator, definition = pcall(require, "fnf.emulator.definition")
if has_emulator then
  local function reading(text)
    local read, found = pcall(definition.read, text)
    assert(not read or type(found.states) == "table", "no states")
    assert(read or errors.is(found) or type(found) == "table" or tostring(found):find "definition",
      "it raises what is no refusal: " .. tostring(found))
  end
  TARGETS.definition = { run = reading, words = { "Type: Map\n", "States:\n", "  - ", "StartAt: ", "{", "[", "&a",
    "*a", ": " },
    seeds = { "Type: StateMachine\nName: a\nStartAt: b\nStates:\n  - Type: Map\n    Name: b\n    ItemsPath: $Input.i\n",
      '{"States":[{"Type":"Pass","Name":"a"}]}' } }
  local request = require "fnf.emulator.request"
  TARGETS.parameters = { seeds = { "Action=X&Name=a%20b&c", "a=1&a=2" }, words = { "&", "=", "%", "+", "%00", "%zz" },
    run = function(text)
      local pairs_, first = request.parse(text)
      assert(#pairs_ % 2 == 0 and type(first) == "table", "no pairs")
    end }
else
  print("definition, parameters: left out, " .. tostring(definition):match "[^\n]*")
end

---- the loop ----

local jit = rawget(_G, "jit")

local LONGEST = 512 -- bytes of an input
local TURN = 50 -- inputs

--- The pairs of lines that came one after the other, counted by a hook between the two calls that this returns; the
--- second gives how many of them are new since the first.
local function counter(seen)
  local last, found = 0, 0
  local function hook(_, line)
    local pair = last * 1024 + line
    last = line
    if not seen[pair] then
      seen[pair] = true
      found = found + 1
    end
  end
  return function()
    last, found = 0, 0
    debug.sethook(hook, "l")
  end, function()
    debug.sethook()
    return found
  end
end

local function mutate(corpus, words)
  local text = corpus[draw(#corpus)]
  for _ = 1, draw(4) do
    local at, kind = draw(#text + 1), draw(6)
    if kind == 1 then
      text = text:sub(1, at - 1) .. string.char(draw(256) - 1) .. text:sub(at + 1)
    elseif kind == 2 then
      text = text:sub(1, at - 1) .. words[draw(#words)] .. text:sub(at)
    elseif kind == 3 then
      text = text:sub(1, at - 1) .. text:sub(at + draw(8))
    elseif kind == 4 then
      local other = corpus[draw(#corpus)]
      text = text:sub(1, at - 1) .. other:sub(draw(#other + 1))
    elseif kind == 5 then
      text = text:sub(1, at - 1) .. text:sub(at, at + draw(8)):rep(draw(4)) .. text:sub(at)
    else
      text = text:sub(1, at - 1) .. string.char(draw(256) - 1) .. text:sub(at)
    end
  end
  return text:sub(1, LONGEST)
end

local function fail(name, text, reason)
  print(("%s: BROKEN by %q: %s"):format(name, text, tostring(reason)))
  os.exit(1)
end

--- A turn of inputs; whether one of them reached anything new, as far as that is counted.
local function take_turn(name, target, corpus, count, begin, finish)
  local has_grown = false
  for i = count + 1, count + TURN do
    local text = i <= #target.seeds and target.seeds[i] or mutate(corpus, target.words)
    if begin then
      begin()
    end
    local done, reason = pcall(target.run, text)
    if begin and finish() > 0 then
      corpus[#corpus + 1], has_grown = text, true
    end
    if not done then
      fail(name, text, reason)
    end
  end
  return has_grown
end

-- To count costs ten times the run, so that most of the turns go without: three of four while new lines are reached,
-- else 31 of 32.
local function fuzz(name, target)
  if jit then
    jit.off() -- what is compiled calls no hook, and to compile costs these inputs more than it saves
  end
  local corpus, seen, count, uncounted = {}, {}, 0, 0
  for _, text in ipairs(target.seeds) do
    corpus[#corpus + 1] = text
  end
  local begin, finish = counter(seen)
  local ending = os.time() + SECONDS
  state = SEED % 2147483647 + 1
  repeat
    if uncounted > 0 then
      uncounted = uncounted - 1
      take_turn(name, target, corpus, count)
    else
      uncounted = take_turn(name, target, corpus, count, begin, finish) and 3 or 31
    end
    count = count + TURN
  until os.time() >= ending or RUNS > 0 and count >= RUNS
  for _ = 1, 3 do
    local piece = corpus[draw(#corpus)]
    local excess = #piece > 0 and effort.find_excess(function(text) pcall(target.run, text) end, function(length)
      return piece:rep(math.ceil(length / #piece)):sub(1, length)
    end)
    if excess then
      fail(name, piece, excess)
    end
  end
  local lines = 0
  for _ in pairs(seen) do
    lines = lines + 1
  end
  print(("%s: %d executions, %d pairs of lines, corpus of %d"):format(name, count, lines, #corpus))
end

local sorted = {}
for name in pairs(TARGETS) do
  sorted[#sorted + 1] = name
end
table.sort(sorted)
for _, name in ipairs(sorted) do
  if not ONLY or ONLY == name then
    fuzz(name, TARGETS[name])
  end
end
