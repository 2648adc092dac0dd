-- SPDX-License-Identifier: MIT
local page = require "fnf.ngx.page"
local view = require "fnf.ngx.view"

local NOW = 1000

local function state(run, more)
  local made = { id = "h?a=b", group = "h", polls = 3, limits = {}, run = run,
    names = { FlowName = "f", ExecutionName = "e", MapRunName = "m" } }
  for name, value in pairs(more or {}) do
    made[name] = value
  end
  return made
end

local function counts(done, total, failed)
  return { Succeed = done, Failed = failed or 0, Aborted = 0, Running = 0, Pending = 0, Total = total }
end

describe("the view of a watched MapRun", function()
  local function shown(...)
    return view.one(state(...), NOW).shown
  end

  it("has a sign beside the colour of every status", function()
    local signs = {}
    for _, status in ipairs { "Succeeded", "Failed", "Aborted", "Running", "Pending", "Resting" } do
      local sign = shown({ Status = status }).sign
      assert.is_nil(signs[sign], status)
      signs[sign] = true
    end
  end)

  it("knows nothing before the first answer, and says so", function()
    local one = view.one(state(nil), NOW)
    assert.same({ "Unknown", "not known yet", 3 }, { one.Status, one.shown.items, one.polls })
  end)

  it("never shows 100 % of what is not done", function()
    for text, given in pairs { ["9 999 of 10 000, 99.9 %"] = counts(9999, 10000), ["10 of 10, 100 %"] = counts(10, 10),
      ["0 of 0, 0 %"] = counts(0, 0) } do
      assert.equal(text, (shown({ ItemCounts = given }).items:gsub("\226\128\175", " ")))
    end
  end)

  it("keeps the bar within its length, whatever the counts say", function()
    for _, given in ipairs { counts(90, 50, 90), counts(-5, 10), counts(1 / 3, 1), { Total = "many", Succeed = {} } } do
      local sum = 0
      for _, width in pairs(shown({ ItemCounts = given }).bar) do
        assert.is_true(width >= 0)
        sum = sum + width
      end
      assert.is_true(sum <= 100.01, sum)
    end
  end)

  it("tells how many failures may follow, and when that will be over", function()
    for text, progress in pairs {
      ["3 more failures"] = { tolerance_left = 3 },
      ["1 more failure, gone in 3 min"] = { tolerance_left = 1, breaks_in = 150 },
      exceeded = { tolerance_left = -1, breaks_in = 0 },
    } do
      assert.equal(text, shown({ Status = "Running" }, { progress = progress }).tolerance)
    end
  end)

  it("tells the end as far as it is known, less the time since the last poll", function()
    local progress = { earliest = 100, latest = 200, rate = 12.345 }
    assert.equal("in 80 s to 3 min", shown({}, { progress = progress, seen = NOW - 20 }).ending)
    assert.equal("in about 0 s", shown({}, { progress = progress, seen = NOW - 900 }).ending)
    assert.equal("12.3 items/s", shown({}, { progress = progress }).rate)
    local over = { rate = 2, overall_rate = 7 }
    assert.equal("7 items/s", shown({ Status = "Succeeded" }, { ended = true, progress = over }).rate)
    assert.equal("nothing has moved for 40 s", shown({}, { progress = { stalled = 40 } }).ending)
    assert.equal("1 234 items/s", (shown({}, { progress = { rate = 1234.5 } }).rate:gsub("\226\128\175", " ")))
    assert.equal("2026-11-23 18:38", shown({ StoppedTime = "2026-11-23T18:38" }, { ended = true }).ending)
    assert.equal("given up", shown({}, { ended = true, error = { kind = "service" } }).ending)
  end)

  local spans = { { 0, "0 s" }, { 12.2, "13 s" }, { 150, "3 min" }, { 7500, "2 h 5 min" }, { 200000, "2 d 7 h" } }
  for _, row in ipairs(spans) do
    it(("says %s for %g seconds"):format(row[2], row[1]), function()
      assert.equal(row[2], view.span(row[1]))
    end)
  end

  it("lists what is under way first", function()
    local list = view.all({ state({ Status = "Failed" }, { ended = true, id = "1" }), state(nil, { id = "2" }) }, NOW)
    assert.same({ "2", "1" }, { list[1].id, list[2].id })
  end)
end)

describe("the status page", function()
  local NASTY = [["><script>alert('&')</script>$id]]

  it("escapes every name and text", function()
    local one = state({ Status = NASTY, StoppedTime = NASTY }, { ended = true,
      error = { code = NASTY, message = NASTY },
      names = { FlowName = NASTY, ExecutionName = NASTY, MapRunName = NASTY }, id = NASTY })
    local html = page.text(view.all({ one }, NOW), "0123", NASTY)
    assert.is_nil(html:find("<script>alert", 1, true))
    assert.is_nil(html:find("alert('", 1, true))
    assert.truthy(html:find("&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;$id", 1, true))
  end)

  it("is complete without a script, and loads nothing from elsewhere", function()
    local running = state { Status = "Running", ItemCounts = counts(1, 4) }
    local html = page.text(view.all({ running }, NOW), "0123", "MapRuns")
    local body = html:gsub("<template.*</template>", "")
    assert.matches('<noscript><meta http%-equiv="refresh"', body)
    assert.matches('data%-bar="Succeed" x="0.00%%" width="25.00%%"', body)
    assert.matches("1 of 4, 25\226\128\175%%", body)
    assert.is_nil(html:find "https?://")
    assert.is_nil(html:find "%$%l")
  end)

  it("allows nothing but its own style, script and events", function()
    local policy = page.policy "0123"
    assert.matches("default-src 'none'", policy, 1, true)
    assert.matches("script-src 'nonce-0123'", policy, 1, true)
    assert.is_nil(policy:find "unsafe")
  end)
end)
