--- A wait that goes on elsewhere.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local json = require "fnf.json"
local fake_platform = require "spec.support.fake_platform"

local LENGTH = 2000

--- A service in which the run has begun at 1000 and lasts so long.
local function running(clock, wall)
  local w = fake_platform.new { function(_, self)
    local passed = self.wall + self.clock - (fake_platform.new({}).wall + 1000)
    return fake_platform.run { Status = passed >= LENGTH and "Succeeded" or "Running",
      ItemCounts = { Total = 500, Succeed = math.min(500, math.floor(passed / LENGTH * 500)), Running = 5 } }
  end }
  w.clock = clock or w.clock
  w.wall = wall or w.wall
  return w
end

--- The checkpoint of a wait that was given up after so many seconds, and its fake_platform.
local function checkpoint_after(seconds)
  local w, checkpoint = running(), nil
  local _, err = w:client():wait_map_run(fake_platform.names, { timeout = seconds, on_progress = function(_, _, wait)
    checkpoint = wait:checkpoint()
  end })
  return checkpoint, w, err
end

--- The same text with a right check sum.
local function seal(checkpoint, change)
  local head, body = checkpoint:match("^([%w-]+)%.%x+%.(.*)$")
  body = change(body)
  local a, b = 1, 0
  for i = 1, #body do
    a = (a + body:byte(i)) % 65521
    b = (b + a) % 65521
  end
  return ("%s.%04x%04x.%s"):format(head, b, a, body)
end

describe("a wait resumed from its checkpoint", function()
  it("goes on as if it had never stopped, in a process with another clock", function()
    local checkpoint, before = checkpoint_after(1000)
    local through = running()
    assert(through:client():wait_map_run(fake_platform.names))
    local after = running(5, before.wall + before.clock - 5 + 60)
    local run = assert(after:client():resume(checkpoint))
    assert.equal("Succeeded", run.Status)
    local late = after.wall + after.clock - (before.wall + 1000 + LENGTH)
    assert.is_true(late >= 0 and late < 20, late)
    assert.is_true(#before.sent + #after.sent <= #through.sent + 4)
  end)

  it("counts on what was observed, and keeps what was asked", function()
    local checkpoint, before, gone = checkpoint_after(100)
    local after = running(7, before.wall + before.clock - 7)
    local _, err = after:client():resume(checkpoint, { timeout = 50 })
    assert.equal(#before.sent + #after.sent, err.observed.polls)
    assert.is_true(err.observed.statuses.Running > gone.observed.statuses.Running - 2)
    assert.equal(fake_platform.names.MapRunName, after.sent[1].query.MapRunName)
  end)

  it("4: is taken whatever the counts were", function()
    local FIGURES = { 0, 1, 7, 2.5, 300, 2 ^ 31, 2 ^ 52, 2 ^ 53, "9223372036854775807", 1e15, 1e308, 1e-300 }
    local seed, kept = 20261128, 0
    local function draw()
      seed = (seed * 16807) % 2147483647
      return FIGURES[1 + seed % #FIGURES]
    end
    for _ = 1, 500 do
      local checkpoint
      local function row()
        return fake_platform.run { ToleratedFailedCount = draw(), ToleratedFailedPercentage = draw(), ItemCounts = {
          Total = draw(), Succeed = draw(), Failed = draw(), Aborted = draw(), Running = draw() } }
      end
      local w = fake_platform.new { row(), row(), row() }
      w:client():wait_map_run(fake_platform.names, { max_polls = 3, on_progress = function(_, seen, wait)
        checkpoint = wait:checkpoint()
        kept = kept + (seen.total and 1 or 0)
      end })
      local after = fake_platform.new { fake_platform.run { Status = "Succeeded" } }
      assert.equal("Succeeded", assert(after:client():resume(checkpoint)).Status)
    end
    assert.is_true(kept > 100)
  end)

  it("4: keeps what was seen of a run that tolerates any number of failures", function()
    local checkpoint
    local w = fake_platform.new { { times = 3, body = '{"Status":"Running","RequestId":"r",'
      .. '"ToleratedFailedCount":9223372036854775807,"ItemCounts":{"Total":10,"Succeed":5,"Running":1}}' } }
    w:client():wait_map_run(fake_platform.names, { max_polls = 3, on_progress = function(_, _, wait)
      checkpoint = wait:checkpoint()
    end })
    assert.matches('"total":10', checkpoint)
    local after = fake_platform.new { fake_platform.run { Status = "Succeeded" } }
    assert.equal("Succeeded", assert(after:client():resume(checkpoint)).Status)
  end)

  it("4: is none of a wait for an execution", function()
    local w = fake_platform.new { { Status = "Running" } }
    local done, message = pcall(function()
      w:client():wait_execution({ FlowName = "f", ExecutionName = "e" }, { on_progress = function(_, _, wait)
        wait:checkpoint()
      end })
    end)
    assert.is_false(done)
    assert.matches("checkpoint_spec.lua:%d+: wait:checkpoint: only a wait for a MapRun has one", message)
  end)

  it("holds nothing secret", function()
    local checkpoint = checkpoint_after(100)
    for _, secret in ipairs { fake_platform.secret, "Signature", "AccessKey" } do
      assert.is_nil(checkpoint:find(secret, 1, true))
    end
  end)
end)

describe("a checkpoint that is none", function()
  local function refused(text)
    local w = fake_platform.new {}
    local run, err = w:client():resume(text)
    assert.is_nil(run)
    assert.same({ true, "protocol", 0 }, { errors.is(err), err.kind, #w.sent })
    return err
  end

  it("is refused, whatever it is", function()
    for _, text in ipairs { "", "x", "fnf-wait-1", "fnf-wait-1..", "fnf-wait-1.00010001.", "return 1", "\27Lua",
      ("x"):rep(1e6), "fnf-wait-2.00000001.{}", "\0\255" } do
      refused(text)
    end
  end)

  it("is refused when any byte of it is another, or it is cut", function()
    local checkpoint = checkpoint_after(30)
    for at = 1, #checkpoint, 3 do
      refused(checkpoint:sub(1, at - 1) .. string.char((checkpoint:byte(at) + 1) % 256) .. checkpoint:sub(at + 1))
      refused(checkpoint:sub(1, at - 1))
    end
  end)

  local CHANGES = {
    { "an unknown field", '"polls":', '"os":1,"polls":' },
    { "a count that is text", '"polls":%d+', '"polls":"9"' },
    { "a negative count", '"polls":%d+', '"polls":-1' },
    { "no progress", '"progress":%b{}', '"progress":5' },
    { "counts without a total's company", '"progress":%b{}', '"progress":{"polls":1,"seconds":1,"total":5}' },
    { "items done of no total", '"progress":%b{}', '"progress":{"polls":7,"done":1,"rate":0,"at":0,"first":29}' },
    { "a share of no total", '"progress":%b{}', '"progress":{"polls":7,"share":0.1}' },
    { "failures of no total", '"progress":%b{}', '"progress":{"polls":7,"failed":0}' },
    { "a last answer without a first", '"progress":%b{}', '"progress":{"polls":7,"at":3}' },
    { "more done than there is", '"done":[%d.]+', '"done":1e9' },
    { "no poll", '"polls":[%d.]+', '"polls":null' },
    { "statuses of no numbers", '"statuses":%b{}', '"statuses":{"Running":"many"}' },
    { "parameters that are none", '"FlowName":"%w+"', '"FlowName":5' },
    { "another action", "DescribeMapRun", "DescribeExecution" },
    { "no object", "^.*$", "[1,2]" },
    { "no JSON", "^.*$", "os.exit()" },
    { "depth", "^.*$", ("["):rep(5000) },
  }
  for _, row in ipairs(CHANGES) do
    it("is refused with a right check sum and " .. row[1], function()
      local checkpoint = checkpoint_after(200)
      local changed = seal(checkpoint, function(body)
        local other, count = body:gsub(row[2], (row[3]:gsub("%%", "%%%%")))
        assert.is_true(count >= 1, body)
        return other
      end)
      refused(changed)
    end)
  end

  it("is refused by a client of another host, in words that name both", function()
    local checkpoint = checkpoint_after(30)
    local w = fake_platform.new {}
    local _, err = w:client({ region = "cn-shanghai" }):resume(checkpoint)
    assert.is_truthy(err.message:find("cn-hangzhou", 1, true) and err.message:find("cn-shanghai", 1, true), err.message)
  end)

  it("is misuse when it is no text at all", function()
    for _, value in ipairs { 5, {}, true } do
      local done, message = pcall(function()
        fake_platform.new({}):client():resume(value)
      end)
      assert.is_false(done)
      assert.is_truthy(message:find("^%S*checkpoint_spec%.lua:%d+: resume: a checkpoint expected"), message)
    end
  end)

  it("is read back as JSON only", function()
    local body = checkpoint_after(30):match("^[%w-]+%.%x+%.(.*)$")
    assert.equal("DescribeMapRun", json.decode(body).action)
  end)
end)
