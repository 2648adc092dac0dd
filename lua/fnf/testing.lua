--- A client on scripted answers and a clock moved by hand, to test programs that use `fnf` without network or waiting.
-- SPDX-License-Identifier: MIT
--
--   local client, fake = testing.client {
--     { Status = "Running", ItemCounts = { Total = 10, Running = 10 }, lasts = 6 * 3600 },
--     "429", "reset",
--     { Status = "Succeeded" },
--   }
--
-- docs/testing.md tells it all. The answers are read when they are asked for, so a test may change `fake.answers`.

local check = require "fnf.check"
local errors = require "fnf.errors"
local json = require "fnf.json"
local nearest = require "fnf.nearest"
local operations = require "fnf.operations"
local platform = require "fnf.testing.platform"
local unlisted = require "fnf.call.unlisted"

---@class fnf.TestingModule
local testing = {}

---@class fnf.FakeRequest what a client has sent
---@field at number seconds by the fake's clock
---@field action? string the operation, such as "DescribeMapRun"; nil for a request of a source of credentials
---@field params table<string, string> as they travelled: as text, without what every request has
---@field method "GET"|"POST"
---@field url string
---@field headers table<string, string>
---@field body? string
---@field query table<string, string>
---@field form table<string, string>
---@field timeout number seconds that the attempt may take
---@field connect_timeout number seconds

--- What comes back for one request, or for several. Names of the service, which begin with a capital, are fields of the
--- answer; a RequestId is added to them. The others are of the exchange.
---@class fnf.FakeAnswer
---@field status? integer of HTTP; 200 unless given
---@field headers? table<string, string>|string by name, or lines "Name: value\r\n"
---@field body? string|table instead of fields: text, or what becomes JSON
---@field fault? string instead of an answer: a name as in `testing.faults`, or an HTTP status such as "429"
---@field kind? string instead of an answer: the `kind` of the error that the transport gives
---@field message? string of that error
---@field retryable? boolean of that error: whether it may pass; true unless given
---@field sent? boolean of that error: false if the request certainly never left
---@field takes? number seconds until it comes; the attempt's timeout or more is a timeout
---@field times? number how often it comes before the next one does; `math.huge` for ever
---@field lasts? number seconds since it first came, after which the next one does

---@alias fnf.FakeRow string|fnf.FakeAnswer|fun(request: fnf.FakeRequest, fake: fnf.Fake): string|fnf.FakeAnswer

---@class fnf.Fake : fnf.FakePlatform
---@field answers fnf.FakeRow[]|table<string, fnf.FakeRow[]> those that are left
---@field sent fnf.FakeRequest[] all requests so far
local Fake = {}
Fake.__index = Fake

--- Faults by name, as answers.
---@type table<string, fnf.FakeAnswer>
testing.faults = {
  reset = { kind = "network", message = "Recv failure: Connection reset by peer" },
  truncate = { kind = "protocol", message = "transfer closed with 12 bytes remaining to read" },
  refused = { kind = "network", message = "Failed to connect: Connection refused", sent = false },
  unresolved = { kind = "network", message = "Could not resolve host", sent = false, misaddressed = true },
  tls = { kind = "tls", message = "self-signed certificate", retryable = false, sent = false },
  timeout = { takes = math.huge },
}

local CODES = { [403] = "AccessDenied", [429] = "ResourceThrottled", [500] = "InternalServerError",
  [503] = "ServiceUnavailable" }

local KINDS = { "credentials", "network", "timeout", "tls", "protocol", "service", "cancelled", "memory" }

local ANSWER = {
  status = { type = "integer" },
  headers = { type = "any" },
  body = { type = "any" },
  fault = { type = "string" },
  kind = { type = "string", values = KINDS },
  message = { type = "string" },
  retryable = { type = "boolean" },
  sent = { type = "boolean" },
  takes = { type = "any" },
  times = { type = "any" },
  lasts = { type = "any" },
}

---- answers ----

local function is_field(name)
  return type(name) == "string" and name:find("^%u") ~= nil
end

local function is_count(value)
  return value == nil or type(value) == "number" and value >= 0
end

--- What is wrong with the name of a fault, or nil.
local function fault_problem(name)
  if testing.faults[name] or name:find("^[45]%d%d$") then
    return nil
  end
  local meant = nearest.find(name, testing.faults)
  return ("there is no fault %q%s"):format(name, meant and (" (did you mean %q?)"):format(meant)
    or ': give an HTTP status such as "429", or a name of testing.faults')
end

--- What is wrong with an answer, or nil.
local function answer_problem(row)
  if type(row) == "function" then
    return nil
  elseif type(row) == "string" then
    return fault_problem(row)
  elseif type(row) ~= "table" then
    return "a table, the name of a fault or a function expected, got " .. type(row)
  end
  local own = {}
  for name, value in pairs(row) do
    if not is_field(name) then
      own[name] = value
    end
  end
  for _, name in ipairs { "takes", "times", "lasts" } do
    if not is_count(own[name]) then
      return ("entry %s must be a number that is not negative"):format(name)
    end
  end
  return check.table(own, ANSWER, "entry") or own.fault and fault_problem(own.fault)
    or own.kind and own.fault and "entries fault and kind exclude each other" or nil
end

local function list_problem(list, what)
  if type(list) == "function" then
    return nil
  elseif type(list) ~= "table" then
    return ("%s: a list of answers expected, got %s"):format(what, type(list))
  end
  for place, row in ipairs(list) do
    local problem = answer_problem(row)
    if problem then
      return ("%s %d: %s"):format(what, place, problem)
    end
  end
end

local ACTIONS = {}
for _, row in pairs(operations) do
  ACTIONS[row.action] = true
end

local function answers_problem(answers)
  local problem = type(answers) == "function" and "a list of answers expected" or list_problem(answers, "answer")
  for name, list in pairs(type(answers) == "table" and not problem and answers or {}) do
    if not is_field(name) and type(name) ~= "number" then
      return ("answers are a list, or lists by operation such as DescribeMapRun; there is %s"):format(tostring(name))
    elseif is_field(name) and not ACTIONS[name] and nearest.find(name, ACTIONS) then
      return ("there is no operation %s (did you mean %s?)"):format(name, nearest.find(name, ACTIONS))
    end
    problem = problem or is_field(name) and list_problem(list, name) or nil
  end
  return problem
end

--- The answer of a status in the service's words, if it has any, else in those of something between.
local function of_status(status)
  local code = CODES[status]
  if code then
    return { status = status, Code = code, Message = "scripted by fnf.testing" }
  end
  return { status = status, body = ("<html><title>%d</title></html>"):format(status) }
end

--- The exchange that an answer is: a table without the name of a fault in it.
local function read(row)
  local name = type(row) == "string" and row or row.fault
  if not name then
    return row
  end
  local found = {}
  for _, from in ipairs { testing.faults[name] or of_status(tonumber(name)), type(row) == "table" and row or nil } do
    for key, value in pairs(from) do
      found[key] = value
    end
  end
  return found
end

local function body_of(self, row)
  if row.body ~= nil then
    return type(row.body) == "table" and json.encode(row.body) or row.body
  end
  local fields = {}
  for name, value in pairs(row) do
    fields[name] = is_field(name) and value or nil
  end
  if row.status and not next(fields) then
    return ""
  end
  fields.RequestId = fields.RequestId or ("request-%d"):format(#self.sent)
  return json.encode(fields)
end

---- the exchange ----

local function record(self, request)
  local sent = { at = self.clock, method = request.method, url = request.url, headers = {}, body = request.body,
    timeout = request.timeout, connect_timeout = request.connect_timeout, params = {},
    query = platform.parameters(request.url:match("%?(.*)$")), form = platform.parameters(request.body) }
  for name, value in pairs(request.headers) do
    sent.headers[name] = value
  end
  sent.action = sent.headers["x-acs-action"]
  for _, from in ipairs { sent.query, sent.form } do
    for name, value in pairs(from) do
      sent.params[name] = not unlisted.every_request[name] and value or nil
    end
  end
  self.sent[#self.sent + 1] = sent
  return sent
end

--- Where the answers to an operation stand: a list of its own, or that of all.
local function list_for(self, action)
  local own = action and self.answers[action]
  if type(own) == "function" then
    return { own }
  end
  return own or self.answers
end

local function is_over(self, row)
  local used = self.used[row]
  if row.lasts then
    return self.clock >= used.from + row.lasts
  end
  return used.times >= (row.times or 1)
end

local function next_row(self, sent)
  local list = list_for(self, sent.action)
  local row = list[1]
  while type(row) == "table" and self.used[row] and is_over(self, row) do
    table.remove(list, 1)
    self.used[row] = nil
    row = list[1]
  end
  if row == nil then
    error(("no answer is scripted for request %d, %s"):format(#self.sent, sent.action or sent.url:match("^[^?]*")), 0)
  elseif type(row) == "string" then
    table.remove(list, 1)
  elseif type(row) == "table" then
    self.used[row] = self.used[row] or { from = self.clock, times = 0 }
    self.used[row].times = self.used[row].times + 1
  end
  return row
end

local function send(self, request)
  local sent = record(self, request)
  local row = next_row(self, sent)
  if type(row) == "function" then
    row = row(sent, self)
    local problem = type(row) == "function" and "a function gave a function" or answer_problem(row)
    if problem then
      error(("the answer to request %d: %s"):format(#self.sent, problem), 0)
    end
  end
  row = read(row)
  local takes = row.takes or 0
  self.clock = self.clock + math.min(takes, request.timeout)
  if takes >= request.timeout then
    return nil, errors.new { kind = "timeout", message = "no answer in time", retryable = true, sent = true }
  elseif row.kind then
    return nil, errors.new { kind = row.kind, message = row.message, retryable = row.retryable ~= false,
      sent = row.sent, misaddressed = row.misaddressed }
  end
  return { status = row.status or 200, headers = row.headers or {}, body = body_of(self, row) }
end

---- what a test sees ----

Fake.heard = platform.heard
Fake.slept = platform.slept

--- A client on this fake; several share its answers and its clock.
---@param options? fnf.Options a key and a region are there unless given; the environment is `fake.environment`
---@return fnf.Client
function Fake:client(options)
  local made, problem = platform.client_of(self, options)
  if not made then
    error("fnf.testing: fake:client: " .. problem, 2)
  end
  return made
end

--- What was asked of an operation: the parameters of each request, retries too, in their order.
---@param action? string such as "StartExecution"; all of them unless given
---@return table<string, string>[]
function Fake:asked(action)
  if action ~= nil and not ACTIONS[action] and nearest.find(action, ACTIONS) then
    error(("fnf.testing: there is no operation %s (did you mean %s?)"):format(tostring(action),
      nearest.find(action, ACTIONS)), 2)
  end
  local found = {}
  for _, sent in ipairs(self.sent) do
    found[#found + 1] = (action == nil or sent.action == action) and sent.params or nil
  end
  return found
end

local function unused(self, list)
  local count = 0
  for _, row in ipairs(type(list) == "table" and list or {}) do
    local used = self.used[row]
    if type(row) ~= "function" and not (used and (row.lasts or row.times == math.huge or is_over(self, row))) then
      count = count + 1
    end
  end
  return count
end

--- How many answers have not come as often as they say; what comes for ever or for a time has when it came once. A
--- function never counts.
---@return integer
function Fake:left()
  local count = unused(self, self.answers)
  for name, list in pairs(self.answers) do
    count = count + (is_field(name) and unused(self, list) or 0)
  end
  return count
end

local living = setmetatable({}, { __mode = "k" }) -- every fake, for `advance`

--- A table anew, and the tables in it to a depth: what they hold stays.
local function copy(value, depth)
  if type(value) ~= "table" or depth == 0 then
    return value
  end
  local all = {}
  for key, entry in pairs(value) do
    all[key] = copy(entry, depth - 1)
  end
  return all
end

local function make(answers)
  -- Copies: what has come is taken out of the lists, and an answer may stand in several.
  local own = {}
  for key, value in pairs(answers or {}) do
    own[key] = copy(value, is_field(key) and 2 or 1)
  end
  local self = setmetatable({ answers = own, sent = {}, used = {} }, Fake)
  self.platform = platform.of(self, send)
  living[self] = true
  return self
end

--- A fake without a client; `fake:client()` makes one.
---@param answers? fnf.FakeRow[]|table<string, fnf.FakeRow[]> in the order they come, to all or by operation
---@return fnf.Fake
function testing.new(answers)
  local problem = answers ~= nil and answers_problem(answers)
  if problem then
    error("fnf.testing.new: " .. problem, 2)
  end
  return make(answers)
end

--- A client that gets these answers, and the fake behind it, which tells what was asked.
---@param answers? fnf.FakeRow[]|table<string, fnf.FakeRow[]> in the order they come, to all or by operation
---@param options? fnf.Options as for `fake:client`
---@return fnf.Client
---@return fnf.Fake
function testing.client(answers, options)
  local client, self
  local problem = answers ~= nil and answers_problem(answers)
  if not problem then
    self = make(answers)
    client, problem = platform.client_of(self, options)
  end
  if not client then
    error("fnf.testing.client: " .. problem, 2)
  end
  return client, self
end

--- Let time pass: the clocks of all fakes go on by so many seconds.
---@param seconds number
function testing.advance(seconds)
  if type(seconds) ~= "number" or not (seconds >= 0 and seconds < math.huge) then
    error("fnf.testing.advance: a number of seconds expected, not negative", 2)
  end
  for fake in pairs(living) do
    fake.clock = fake.clock + seconds
  end
end

return testing
