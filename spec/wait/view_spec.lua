-- SPDX-License-Identifier: MIT
local json = require "fnf.json"
local page = require "fnf.ngx.page"
local view = require "fnf.wait.view"

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
      local one = shown({ Status = "Running" }, { progress = progress })
      assert.same({ "Tolerance left", text }, { one.last_label, one.last })
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

  it("15.8: does not call a run running whose watch was given up, or that nobody has polled", function()
    local given_up = view.one(state({ Status = "Running" }, { ended = true, error = { kind = "service" } }), NOW)
    assert.same({ "Unknown", "Given up", "!", "bad" },
      { given_up.Status, given_up.shown.status, given_up.shown.sign, given_up.shown.tone })
    local silent = view.one(state({ Status = "Running" }, { overdue = 40 }), NOW)
    assert.same({ "Running", "Not polled", "stopped" }, { silent.Status, silent.shown.status, silent.shown.tone })
    assert.same({ "Stalled", "stopped" }, { shown({ Status = "Running" }, { progress = { stalled = 9 } }).status,
      shown({ Status = "Running" }, { progress = { stalled = 9 } }).tone })
    assert.equal("Failed", shown({ Status = "Failed" }, { ended = true, progress = { stalled = 9 } }).status)
  end)

  it("15.8: says of counts that were not told that they are not known", function()
    assert.same({ "– failed, – aborted", "– running, – pending", "not known yet", "–" },
      { shown({}).ended_items, shown({}).active_items, shown({}).items, shown({}).share })
    local some = { ItemCounts = { Running = 3, Total = 4, Failed = "many", Aborted = -1, Pending = 0 / 0 } }
    assert.same({ "– failed, – aborted", "3 running, – pending" },
      { shown(some).ended_items, shown(some).active_items })
    assert.same({ Running = 3, Total = 4 }, view.one(state(some), NOW).ItemCounts)
  end)

  it("15.8: takes no aborted item for one that is done", function()
    local run = { ItemCounts = { Succeed = 1, Failed = 1, Aborted = 8, Running = 0, Pending = 0, Total = 10 } }
    assert.equal("2 of 10, 20 %", (shown(run).items:gsub("\226\128\175", " ")))
  end)

  local rates = { { 1.85e-5, "1.6 items/day" }, { 0.001, "3.6 items/h" }, { 0.02, "1.2 items/min" }, { 1, "1 items/s" },
    { 1e-9, "less than 1 item/day" }, { 0, "0 items/s" } }
  for _, row in ipairs(rates) do
    it(("15.8: shows a rate of %g as %s"):format(row[1], row[2]), function()
      assert.equal(row[2], shown({}, { progress = { rate = row[1] } }).rate)
    end)
  end

  it("15.8: shows how long an ended run took, and its times as they are", function()
    local run = { Status = "Succeeded", StartedTime = "2026-11-23T18:00:00+08:00",
      StoppedTime = "2026-11-23T10:40:30Z" }
    local one = shown(run, { ended = true, progress = { tolerance_left = 3 } })
    assert.same({ "Took", "41 min", "2026-11-23 10:00:00 UTC", "2026-11-23 10:40:30 UTC" },
      { one.last_label, one.last, one.started, one.ending })
    assert.equal(1795430430, one.ended_at)
    run.StoppedTime = "soon"
    assert.same({ "–", "soon" }, { shown(run, { ended = true }).last, shown(run, { ended = true }).ending })
  end)

  it("15.8: shows enough of the service's long names to tell runs apart", function()
    local names = { FlowName = "f", ExecutionName = "e", MapRunName = ("0123456789abcdef"):rep(2) }
    assert.same({ "m", "01234567…" }, { shown({}).short, shown({}, { names = names }).short })
  end)

  it("15.8: tells the age of the last answer", function()
    assert.same({ "not yet", "12 s ago" }, { shown({}).age, shown({}, { seen = NOW - 12 }).age })
  end)

  it("15.8: draws the items done over time, of few points however long it goes on", function()
    local history
    for second = 1, 5000 do
      history = view.remember(history, { ItemCounts = { Succeed = second, Failed = 1, Total = 10000 } }, second)
    end
    assert.is_true(#history <= 41 and #history >= 20, #history)
    assert.same({ 5000, 5001 }, history[#history])
    assert.same({ 1, 2 }, history[1])
    local points = shown({ ItemCounts = { Total = 10000 } }, { history = history }).chart
    assert.matches("^0%.0,24%.0 .* 100%.0,12%.0$", points)
    assert.equal("", shown({}, { history = { history[1] } }).chart)
    assert.same(history, view.remember(history, { ItemCounts = {} }, 5001))
    assert.is_nil(view.remember(nil, { ItemCounts = "none" }, 1))
    for _, count in ipairs { 1e308, 2 ^ 63, 2 ^ 53, 2.5 } do -- what is no text takes the run out of the dictionary
      local kept = view.remember(nil, { ItemCounts = { Succeed = count, Failed = count } }, 1)
      assert.is_string((json.encode { history = kept }))
    end
  end)

  it("15.8: lists first what needs somebody, then what is under way, and sums up in one line", function()
    local list = view.all({
      state({ Status = "Succeeded" }, { ended = true, id = "good" }), state({ Status = "Running" }, { id = "busy" }),
      state({ Status = "Aborted" }, { ended = true, id = "stopped" }), state({ Status = "Resting" }, { id = "odd" }),
      state({ Status = "Running" }, { id = "stalled", progress = { stalled = 5 } }),
      state({ Status = "Failed" }, { ended = true, id = "bad" }), state({ Status = "Running" }, { id = "busy too" }),
    }, NOW)
    local ids = {}
    for i, one in ipairs(list) do
      ids[i] = one.id
    end
    assert.equal("bad, stalled, busy, busy too, odd, stopped, good", table.concat(ids, ", "))
    assert.equal("2 running · 1 unknown · 1 stalled · 1 failed · 1 aborted · 1 succeeded", view.summary(list))
    assert.equal("", view.summary {})
  end)
end)

describe("why items of a run failed", function()
  local failed = { Status = "Failed", ItemCounts = counts(10, 20, 10) }
  local found = { kinds = { { Error = "<b>", form = "order N has no price", count = 1200 },
    { Error = "Timeout", form = "", count = 3 } }, more = 2, failed = 1500, sampled = 100, complete = true,
    warnings = { "the list is late" } }

  it("is shown a line each, once somebody has asked", function()
    assert.is_nil(view.one(state(failed, { ended = true }), NOW).shown.errors)
    assert.same({ "1\226\128\175200 \195\151 <b>: order N has no price", "3 \195\151 Timeout", "and 2 other kinds",
      "100 of 1\226\128\175500 failed items were looked at, evenly chosen", "the list is late" },
      view.one(state(failed, { ended = true, failures = found }), NOW).shown.errors)
    assert.same({ "no" }, view.one(state(failed, { ended = true, failures = { more = 0, failed = 0, sampled = 0,
      problem = "no" } }), NOW).shown.errors)
  end)

  it("has a place on the page that lets nothing in, and a button where there is something to ask", function()
    local function html(askable, explain)
      local views = view.all({ state(failed, { ended = true, failures = found }) }, NOW, nil, function()
        return askable
      end)
      return (page.text(views, { nonce = "0123", title = "t", explain = explain }):gsub("<template.*</template>", ""))
    end
    assert.matches("<li>3 \195\151 Timeout</li>", html(true, true), 1, true)
    assert.is_nil(html(true, true):find("<b>", 1, true))
    assert.matches('action="explain"><input type="hidden" name="id" value="h?a=b">', html(true, true), 1, true)
    assert.matches('action="explain" hidden>', html(false, true), 1, true)
    assert.matches('class="silent"', html(true, false), 1, true)
  end)
end)

describe("the status page", function()
  local NASTY = [["><script>alert('&')</script>$id]]

  it("escapes every name and text", function()
    local one = state({ Status = NASTY, StoppedTime = NASTY }, { ended = true,
      error = { code = NASTY, message = NASTY },
      names = { FlowName = NASTY, ExecutionName = NASTY, MapRunName = NASTY }, id = NASTY })
    local html = page.text(view.all({ one }, NOW), { nonce = "0123", title = NASTY })
    assert.is_nil(html:find("<script>alert", 1, true))
    assert.is_nil(html:find("alert('", 1, true))
    assert.truthy(html:find("&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;$id", 1, true))
  end)

  it("is complete without a script, and loads nothing from elsewhere", function()
    local running = state { Status = "Running", ItemCounts = counts(1, 4) }
    local html = page.text(view.all({ running }, NOW), { nonce = "0123", title = "MapRuns", explain = true })
    local body = html:gsub("<template.*</template>", "")
    assert.matches('<noscript><meta http%-equiv="refresh"', body)
    assert.matches('data%-bar="Succeed" x="0.00%%" width="25.00%%"', body)
    assert.matches("1 of 4, 25\226\128\175%%", body)
    assert.is_nil(html:find "https?://")
    assert.is_nil(html:find "%$%l")
  end)

  it("15.8: is a row a run where there are many, which opens", function()
    local function html(count)
      local states = {}
      for i = 1, count do
        states[i] = state({ Status = "Running" }, { id = tostring(i) })
      end
      return page.text(view.all(states, NOW), { nonce = "0123", title = "MapRuns", explain = true })
        :gsub("<template.*</template>", "")
    end
    assert.matches('<div id="runs" class=""', html(6), 1, true)
    assert.equal(6, select(2, html(6):gsub("<details open>", "")))
    assert.matches('<div id="runs" class="many"', html(7), 1, true)
    assert.equal(0, select(2, html(7):gsub("<details open>", "")))
  end)

  it("allows nothing but its own style, script and events", function()
    local policy = page.policy "0123"
    assert.matches("default-src 'none'", policy, 1, true)
    assert.matches("script-src 'nonce-0123'", policy, 1, true)
    assert.is_nil(policy:find "unsafe")
  end)
end)
