--- A fake platform with sources of keys: clock, environment and answers by hand, real files and programs.
-- SPDX-License-Identifier: MIT
--
-- Every secret given to the library in these specs holds the word `fake_sources.mark`, so that one search finds any of
-- them in whatever the library prints.

local client = require "fnf.client"
local core = require "fnf.core"
local errors = require "fnf.errors"
local fake_platform = require "spec.support.fake_platform"
local home = require "spec.support.temporary_home"
local json = require "fnf.json"
local program = require "fnf.platform.program"
local time = require "fnf.time"

local fake_sources = {}

local FakeSources = {}
FakeSources.__index = FakeSources

fake_sources.mark = "s3cr3t"
fake_sources.names = { FlowName = "flow", ExecutionName = "execution", MapRunName = "run" }

local WALL = 1790000000 -- seconds since 1970 when it begins

local function run_answer()
  return { Status = "Running", MapRunName = fake_sources.names.MapRunName, RequestId = "r" }
end

--- What is sent, by "METHOD url" without the query. An answer is a body, a table of status and body, or a function.
local function send(self, request, cancel)
  local url, query = request.url:match("^([^?]*)%??(.*)$")
  local sent = { method = request.method, url = url, query = fake_platform.parameters(query),
    form = fake_platform.parameters(request.body),
    headers = request.headers, body = request.body, direct = request.direct, timeout = request.timeout }
  local what = request.method .. " " .. url
  self.sent[#self.sent + 1] = sent
  self.asked[#self.asked + 1] = not url:find("fnf.aliyuncs.com", 1, true) and what or nil
  local answer = self.answers[what]
  if self.on_send then
    self.on_send(sent, cancel)
  end
  if type(answer) == "function" then
    answer = answer(sent)
  elseif answer == nil and url:find("fnf.aliyuncs.com", 1, true) then
    answer = run_answer()
  end
  if answer == nil then
    return nil, errors.new { kind = "network", message = "Failed to connect", retryable = true, sent = false }
  elseif type(answer) == "string" then
    answer = { status = 200, body = answer }
  elseif not answer.body then
    answer = { status = answer.status or 200, body = json.encode(answer) }
  end
  return { status = answer.status or 200, headers = {}, body = answer.body }
end

--- Files and programs are real, and so are the pauses while a program runs.
local function new_platform(self)
  local platform = fake_platform.of(self, send)
  platform.nonce, platform.read = core.nonce, core.read
  function platform.sleep(seconds, cancel)
    self.clock = self.clock + seconds
    return not (cancel and cancel())
  end
  function platform.run(words, limits, cancel)
    return program.run(words, limits, function(seconds)
      core.sleep(seconds)
      return not (cancel and cancel())
    end)
  end
  return platform
end

--- Fake sources: `environment`, `answers` by "METHOD url", `files` below the home directory, `programs` likewise.
function fake_sources.new(row)
  local self = setmetatable({ environment = {}, answers = row.answers or {}, sent = {}, asked = {},
    clock = 0, wall = WALL, home = home.new() }, FakeSources)
  for name, text in pairs(row.files or {}) do
    self.home:write(name, text, row.mode)
  end
  for name, text in pairs(row.programs or {}) do
    self.home:program(name, text)
  end
  for _, name in ipairs(row.fifos or {}) do
    self.home:fifo(name)
  end
  for name, value in pairs(row.env or {}) do
    self.environment[name] = value:gsub("~", (self.home.path:gsub("%%", "%%%%")))
  end
  self.environment.HOME = self.environment.HOME or self.home.path
  self.platform = new_platform(self)
  return self
end

--- A client of these sources; its events are kept.
function FakeSources:client(options)
  local all = { region = "cn-hangzhou", on_event = function(name, fields)
    self.events[#self.events + 1] = { name = name, fields = fields }
  end }
  for name, value in pairs(options or {}) do
    all[name] = value or nil
  end
  return assert(client.new(all, self.platform))
end

--- The query of the latest request to the service itself.
function FakeSources:signed()
  for index = #self.sent, 1, -1 do
    if self.sent[index].url:find("fnf.aliyuncs.com", 1, true) then
      return self.sent[index].query
    end
  end
end

--- The last request to STS.
function FakeSources:role_call()
  for index = #self.sent, 1, -1 do
    if self.sent[index].query.Version == "2015-04-01" then
      return self.sent[index]
    end
  end
end

FakeSources.heard = fake_platform.heard

local function print_all(value, out, seen)
  if type(value) == "table" and not seen[value] then
    seen[value] = true
    out[#out + 1] = tostring(value)
    for name, field in pairs(value) do
      print_all(name, out, seen)
      print_all(field, out, seen)
    end
  else
    out[#out + 1] = tostring(value)
  end
end

--- Everything the library has told: events in depth, and whatever else is given.
function FakeSources:printed(...)
  local out, seen = {}, {}
  print_all(self.events, out, seen)
  for index = 1, select("#", ...) do
    print_all((select(index, ...)), out, seen)
  end
  return table.concat(out, "\n")
end

function FakeSources:close()
  self.home:remove()
end

--- Run functions as coroutines until all have ended: each send and sleep of this platform yields, and time goes
--- on by 10 ms a round. Works in Lua 5.1, where nothing may yield across pcall.
function FakeSources:gather(functions)
  local platform, waiting = self.platform, {}
  local send_now, sleep_now = platform.send, platform.sleep
  function platform.send(request, cancel)
    coroutine.yield()
    return send_now(request, cancel)
  end
  function platform.sleep(seconds, cancel)
    local ending = self.clock + seconds
    repeat
      if cancel and cancel() then
        return false
      end
      coroutine.yield()
    until self.clock >= ending
    return true
  end
  for index, run in ipairs(functions) do
    waiting[index] = coroutine.create(run)
  end
  while #waiting > 0 do
    local left = {}
    for _, thread in ipairs(waiting) do
      local done, message = coroutine.resume(thread)
      assert(done, message)
      left[#left + 1] = coroutine.status(thread) ~= "dead" and thread or nil
    end
    waiting, self.clock = left, self.clock + 0.01
  end
  platform.send, platform.sleep = send_now, sleep_now
end

--- The service's time text so many seconds from the beginning.
function fake_sources.at(seconds)
  return time.timestamp(WALL + seconds)
end

--- An answer of metadata service and credentials URI.
function fake_sources.temporary(name, life)
  return { Code = "Success", AccessKeyId = "STS." .. name, AccessKeySecret = fake_sources.mark .. "-" .. name,
    SecurityToken = fake_sources.mark .. "-token-" .. name, Expiration = fake_sources.at(life or 3600) }
end

--- An answer of STS.
function fake_sources.assumed(name, life)
  local credentials = fake_sources.temporary(name, life)
  credentials.Code = nil
  return { RequestId = "r", AssumedRoleUser = { Arn = "acs:ram::1:assumed-role/r/s" }, Credentials = credentials }
end

return fake_sources
