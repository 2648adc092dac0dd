-- SPDX-License-Identifier: MIT
local clock = require "fnf.emulator.clock"
local errors = require "fnf.emulator.errors"
local faults = require "fnf.emulator.faults"
local fields = require "fnf.emulator.fields"
local journal = require "fnf.emulator.journal"
local quota = require "fnf.emulator.quota"
local request = require "fnf.emulator.request"
local timestamp = require "fnf.emulator.timestamp"

describe("a timestamp", function()
  it("reads back what it writes, on leap days and far away", function()
    for _, seconds in ipairs { 0, 951782400, 1709164799, 1709164800, 1762000000, 4102444799 } do
      assert.equal(seconds, timestamp.parse(timestamp.utc(seconds)))
    end
  end)

  it("refuses every other form and moments that do not exist", function()
    for _, text in ipairs {
      "", "now", "2019-03-15", "2019-03-15T04:05:06", "2019-03-15T04:05:06.1Z", "2019-03-15T04:05:06+08:00",
      "2019-13-01T00:00:00Z", "2019-00-01T00:00:00Z", "2019-02-29T00:00:00Z", "2019-04-31T00:00:00Z",
      "2019-04-00T00:00:00Z", "2019-04-01T24:00:00Z", "2019-04-01T00:60:00Z", "2019-04-01T00:00:60Z",
      " 2019-03-15T04:05:06Z", "2019-03-15T04:05:06Z\n",
    } do
      assert.is_nil(timestamp.parse(text), text)
    end
    assert.is_nil(timestamp.parse(nil))
  end)

  it("reads every offset and fraction of RFC 3339 where a parameter may be a time", function()
    for text, seconds in pairs {
      ["2019-03-15T04:05:06Z"] = 1552622706, ["2019-03-15T12:05:06+08:00"] = 1552622706,
      ["2019-03-15t04:05:06.5z"] = 1552622706.5,
      ["2019-03-15T12:05:06.250+08:00"] = 1552622706.25, ["2019-03-14 23:35:06-0430"] = 1552622706,
      ["1970-01-01T00:00:00Z"] = 0, ["2000-03-01T00:00:00Z"] = 951868800, ["1969-12-31T23:59:59Z"] = -1,
    } do
      assert.equal(seconds, timestamp.from_rfc3339(text), text)
    end
    for _, text in ipairs { "2019-03-15T04:05:06", "2019-03-15T04:05:06+8", "2100-02-29T00:00:00Z", "x", "" } do
      assert.is_nil(timestamp.from_rfc3339(text), text)
    end
  end)

  it("has the service's forms", function()
    assert.equal("2019-03-15T04:05:06.789Z", timestamp.milliseconds(1552622706.789))
    assert.equal("2019-03-15T12:05:06+08:00", timestamp.china(1552622706))
    assert.equal("Fri, 15 Mar 2019 04:05:06 GMT", timestamp.http(1552622706))
  end)
end)

describe("the clock", function()
  it("runs with the real one until it is told otherwise", function()
    local self = clock.new(1000.25)
    assert.equal(0, clock.simulated(self, 1000.25))
    assert.equal(7.5, clock.simulated(self, 1007.75))
    assert.equal(1007.5, clock.shown(self, 7.5))
    assert.equal(1007.75, clock.service(self, 1007.75))
  end)

  it("freezes, advances while frozen, and goes on from there", function()
    local self = clock.new(1000)
    assert.is_true(clock.change(self, { freeze = true }, 1010))
    assert.equal(10, clock.simulated(self, 1500))
    clock.change(self, { advance = 100 }, 1500)
    assert.equal(110, clock.simulated(self, 1600))
    clock.change(self, { freeze = false }, 1600)
    assert.equal(115, clock.simulated(self, 1605))
  end)

  it("runs faster at a rate", function()
    local self = clock.new(1000)
    clock.change(self, { rate = 60 }, 1001)
    assert.equal(601, clock.simulated(self, 1011))
  end)

  it("keeps simulated time apart from the service's wall clock", function()
    local self = clock.new(1000)
    clock.change(self, { offset = -3600 }, 1000)
    assert.equal(5, clock.simulated(self, 1005))
    assert.equal(-2595, clock.service(self, 1005))
    clock.change(self, { advance = 500 }, 1005)
    assert.equal(-2595, clock.service(self, 1005))
  end)

  it("refuses nonsense and then changes nothing", function()
    local self = clock.new(1000)
    for _, case in ipairs {
      { { jump = 1 }, "unknown field 'jump'" },
      { { freeze = 1 }, "freeze must be true or false" },
      { { advance = -1 }, "advance must be seconds, 0 or more" },
      { { advance = 0 / 0 }, "advance must be seconds, 0 or more" },
      { { rate = -1 }, "rate must be a number from 0 to 1000000" },
      { { offset = "1" }, "offset must be seconds" },
    } do
      assert.same({ nil, case[2] }, { clock.change(self, case[1], 2000) })
    end
    assert.same(clock.new(1000), self)
  end)
end)

describe("nonces", function()
  it("are good once for each key", function()
    local self = journal.new(0)
    assert.is_true(journal.use_nonce(self, "a", "1", 0))
    assert.is_false(journal.use_nonce(self, "a", "1", 899))
    assert.is_true(journal.use_nonce(self, "b", "1", 899))
    assert.is_true(journal.use_nonce(self, "a", "11", 899))
    assert.is_true(journal.use_nonce(self, "a1", "1", 899))
  end)

  it("are remembered for as long as any request with them could be fresh, and forgotten after that", function()
    local self = journal.new(0)
    journal.use_nonce(self, "a", "1", 1799)
    assert.is_false(journal.use_nonce(self, "a", "1", 3598))
    journal.use_nonce(self, "a", "2", 3700)
    assert.is_true(journal.use_nonce(self, "a", "1", 7300))
  end)

  it("take bounded memory", function()
    local self, most = journal.new(0), 0
    for second = 1, 20000 do
      journal.use_nonce(self, "a", tostring(second), second)
      local kept = 0
      if second % 1000 == 0 then
        for _, generation in ipairs { self.young, self.old } do
          for _ in pairs(generation) do
            kept = kept + 1
          end
        end
      end
      most = math.max(most, kept)
    end
    assert.is_true(most > 1800 and most <= 3600)
  end)
end)

describe("the quota", function()
  local function granted(self, action, wanted, now)
    local count = 0
    for _ = 1, wanted do
      if quota.take(self, action, now) then
        count = count + 1
      end
    end
    return count
  end

  it("gives each operation its documented bucket and refill", function()
    for action, bucket in pairs {
      StartExecution = { 100, 100 }, DescribeExecution = { 50, 5 }, GetExecutionHistory = { 50, 5 },
      DescribeMapRun = { 10, 2 }, UpdateMapRun = { 10, 2 },
    } do
      local self = quota.new()
      assert.equal(bucket[1], granted(self, action, 1000, 0))
      assert.equal(bucket[2], granted(self, action, 1000, 1))
      assert.equal(bucket[1], granted(self, action, 1000, 1000))
    end
  end)

  it("counts operations apart", function()
    local self = quota.new()
    granted(self, "DescribeMapRun", 10, 0)
    assert.is_false(quota.take(self, "DescribeMapRun", 0))
    assert.is_true(quota.take(self, "UpdateMapRun", 0))
  end)

  it("survives a clock that goes back", function()
    local self = quota.new()
    granted(self, "DescribeMapRun", 10, 100)
    assert.equal(0, granted(self, "DescribeMapRun", 10, 50))
    assert.equal(2, granted(self, "DescribeMapRun", 10, 101))
  end)

  it("takes other limits and says what is wrong with them", function()
    assert.equal(3, granted(quota.new { DescribeMapRun = { size = 3, refill = 0 } }, "DescribeMapRun", 9, 0))
    local function problem(limits)
      return quota.validate { enforce = true, limits = limits }
    end
    assert.is_nil(problem { other = { size = 1, refill = 0 } })
    assert.matches("limit of X must be", problem { X = { size = 0, refill = 0 } })
    assert.matches("limit of X must be", problem { X = { size = 1 } })
    assert.matches("limit of X must be", problem { X = 3 })
    assert.equal("limits must be an object", problem(3))
    assert.equal("enforce must be true or false", quota.validate {})
    assert.equal("unknown resource 'cpus'", quota.validate { enforce = true, resources = { cpus = 1 } })
  end)
end)

describe("the check of fields", function()
  local rows = {
    name = fields.name "me", seconds = fields.seconds(), list = fields.list(fields.is_text, "a list of texts"),
    kind = fields.one_of({ a = true }, "a"), needed = fields.flag(),
  }
  rows.needed.required = true

  it("says what is wrong, in one way for all", function()
    for _, case in ipairs {
      { { needed = true }, nil },
      { { needed = true, list = {}, kind = "a", seconds = 0 }, nil },
      { {}, "needed must be true or false" },
      { { needed = true, nam = 1 }, "unknown field 'nam'" },
      { { needed = true, name = "" }, "name must be a name" },
      { { needed = true, kind = "b" }, "kind must be a" },
      { { needed = true, list = { x = "y" } }, "list must be a list of texts" },
      { { needed = true, list = "y" }, "list must be a list of texts" },
      { 3, "an object is wanted" },
    } do
      assert.equal(case[2], fields.validate(case[1], rows))
    end
    assert.equal("unknown option 'x'", fields.validate({ x = 1, needed = true }, rows, "option"))
  end)

  it("takes no seconds that lead beyond every calendar, nor what is no number", function()
    for _, value in ipairs { -1, 1e308, 1 / 0, 0 / 0, "1" } do
      assert.equal("seconds must be seconds, 0 or more", fields.validate({ needed = true, seconds = value }, rows))
    end
  end)

  it("completes a copy and leaves the given table alone", function()
    local given = { needed = false }
    assert.same({ needed = false, name = "me" }, fields.complete(given, rows))
    assert.same({ needed = false }, given)
  end)
end)

describe("form text", function()
  it("becomes plain pairs, in order, with repeated and empty ones", function()
    local list, first = request.parse "a=1&b=%E4%B8%AD%2B+x&a=2&c&d=&=e&&f=g=h%"
    assert.same({ "a", "1", "b", "中+ x", "a", "2", "c", "", "d", "", "", "e", "f", "g=h%" }, list)
    assert.equal("1", first.a)
    assert.same({}, (request.parse(nil)))
  end)
end)

describe("refusals", function()
  it("spell code, status and message in either layer's words", function()
    local refusal = errors.refuse("InvalidAccessKeyID", "100%s")
    assert.same({ 403, "InvalidAccessKeyID", "The AccessKey ID 100%s is invalid." }, { errors.spell(refusal, false) })
    assert.same({ 404, "InvalidAccessKeyId.NotFound", "Specified access key is not found." },
      { errors.spell(refusal, true) })
  end)

  it("have a row for every name of the gateway", function()
    for own, gateway in pairs(errors.gateway_names) do
      assert.is_table(errors.rows[own], own)
      assert.is_table(errors.gateway_rows[gateway], gateway)
    end
  end)
end)

describe("the queue of faults", function()
  local function kinds(self, ...)
    local list = {}
    for index, action in ipairs { ... } do
      local fault = faults.take(self, action)
      list[index] = fault and fault.kind or "-"
    end
    return table.concat(list, " ")
  end

  it("serves them in order, each as often as it says", function()
    local self = faults.new()
    faults.add(self, { kind = "reset", times = 2 })
    faults.add(self, { kind = "cut" })
    assert.equal("reset reset cut -", kinds(self, "A", "A", "A", "A"))
  end)

  it("waits for its operation and lets as many pass as it says", function()
    local self = faults.new()
    faults.add(self, { kind = "reset", action = "A", after = 2 })
    faults.add(self, { kind = "cut", action = "B" })
    assert.equal("- cut - reset -", kinds(self, "A", "B", "A", "A", "A"))
  end)

  it("refuses what makes no sense", function()
    for _, case in ipairs {
      { { kind = "bang" }, "kind must be the name of a fault" },
      { { times = 0 }, "times must be a whole number, 1 or more" },
      { { status = 42 }, "status must be a whole number from 200 to 599" },
      { { stat = 429 }, "unknown field 'stat'" },
      { { kind = "stall" }, "a fault of kind 'stall' needs seconds" },
      { { kind = "delay" }, "a fault of kind 'delay' needs delay" },
      { { headers = { 1 } }, "headers must be names with texts" },
      { { headers = "a: b" }, "headers must be names with texts" },
    } do
      assert.same({ nil, case[2] }, { faults.add(faults.new(), case[1]) })
    end
  end)
end)

describe("the journal", function()
  it("keeps the latest entries in order and counts all", function()
    local self = journal.new(0)
    for index = 1, 2500 do
      journal.add(self, { index = index })
    end
    local latest = journal.latest(self)
    assert.same({ 2000, 501, 502, 2500 }, { #latest, latest[1].index, latest[2].index, latest[2000].index })
    assert.equal(2500, self.total)
  end)
end)
