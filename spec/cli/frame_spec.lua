--- The lines of a live `watch`.
-- SPDX-License-Identifier: MIT

local frame = require "fnf.cli.frame"
local terminal_text = require "fnf.cli.text"

local NOW = 1000

local function state(id, run, more)
  local made = { id = id, names = { FlowName = "f", ExecutionName = "e" .. id, MapRunName = "m" }, polls = 1, run = run,
    seen = NOW }
  for name, value in pairs(more or {}) do
    made[name] = value
  end
  return made
end

local function counts(done, total, failed)
  return { Succeed = done, Failed = failed or 0, Aborted = 0, Running = 1, Pending = 0, Total = total }
end

local function style(columns, lines, more)
  local made = { columns = columns, lines = lines, unicode = true, color = false }
  for name, value in pairs(more or {}) do
    made[name] = value
  end
  return made
end

describe("a frame of watch", function()
  it("shows bar, share, status, estimate, counts, rate and tolerance", function()
    local lines = frame.lines({ state("1", { Status = "Running", ItemCounts = counts(30, 100, 10) },
      { progress = { rate = 2, earliest = 20, latest = 40, tolerance_left = 5 } }) }, NOW, style(160, 24))
    local text = table.concat(lines, "\n"):gsub("\226\128\175", " ")
    assert.equal(2, #lines)
    assert.matches("^ ▶ e1 / m ██", text)
    assert.matches("█▓▓", text, 1, true)
    assert.matches("▓░·", text, 1, true)
    assert.matches("·· +40 %% Running", text)
    assert.matches("in 20 s to 40 s · 40 of 100, 40 % · 10 failed, 0 aborted · 2 items/s · tolerance left: 5 more "
      .. "failures · 1 running, 0 pending", text, 1, true)
  end)

  it("shows first what is wrong with the polls of a run", function()
    local text = table.concat(frame.lines({ state("1", { Status = "Running", ItemCounts = counts(30, 100) },
      { error = { kind = "network", message = "no connection" } }) }, NOW, style(160, 24)), "\n")
    assert.matches("\n   [^\n]*no connection[^\n]* · 30 of 100", text)
  end)

  it("is never wider than the terminal, nor longer, whatever the names say", function()
    local names = { "m", ("0123456789abcdef"):rep(2), "中文名字", "a\27[31mb\7\r\n",
      "\240\159\154\128e\204\129", ("long"):rep(16), "\194\155x", "\255\254" }
    for _, columns in ipairs { 20, 40, 59, 60, 80, 200 } do
      for _, rows in ipairs { 4, 5, 10, 24 } do
        for _, unicode in ipairs { true, false } do
          local states = {}
          for i, name in ipairs(names) do
            states[i] = state(tostring(i), i % 2 == 0 and { Status = "Running", ItemCounts = counts(i, 9, 1) } or nil)
            states[i].names = { FlowName = name, ExecutionName = name, MapRunName = name }
          end
          local lines, widths = frame.lines(states, NOW, style(columns, rows, { unicode = unicode, note = "note" }))
          assert.is_true(#lines <= rows, ("%d lines of %d"):format(#lines, rows))
          for i, line in ipairs(lines) do
            assert.is_true(widths[i] < math.max(columns, 40), ("%d: %d columns of %d"):format(i, widths[i], columns))
            assert.equal(widths[i], terminal_text.width(line), line)
            assert.is_nil(line:find "[%z\1-\31\127]", line)
            assert.is_true(unicode or not line:find "[\128-\255]", line)
          end
        end
      end
    end
  end)

  it("shows the most urgent where there is no room for all, and how many are not shown", function()
    local states = {}
    for i = 1, 30 do
      states[i] = state(tostring(i), { Status = i == 29 and "Failed" or "Running", ItemCounts = counts(i, 100) },
        i == 29 and { ended = true } or nil)
    end
    local lines = frame.lines(states, NOW, style(80, 12))
    assert.matches("e29 / m", lines[1], 1, true)
    assert.matches("22 more are not shown", lines[#lines - 1], 1, true)
    assert.equal("29 running · 1 failed", lines[#lines])
  end)

  it("is one line a run where two have no room", function()
    local states = {}
    for i = 1, 5 do
      states[i] = state(tostring(i), { Status = "Running", ItemCounts = counts(i, 100) })
    end
    assert.equal(6, #frame.lines(states, NOW, style(80, 12)))
    assert.equal(11, #frame.lines(states, NOW, style(80, 24)))
  end)

  it("shows whatever there is by a cell at least, and nothing that is not there", function()
    local line = frame.lines({ state("1", { Status = "Running", ItemCounts = counts(1, 1000000, 1) }) }, NOW,
      style(80, 24))[1]
    assert.matches("█▓░·", line, 1, true)
    line = frame.lines({ state("1", { Status = "Running" }) }, NOW, style(80, 24))[1]
    assert.matches("^ ▶ e1 / m ··", line)
    assert.matches("·· +– Running", line)
  end)

  it("paints only where colours are wanted", function()
    local states = { state("1", { Status = "Failed", ItemCounts = counts(1, 2, 1) }, { ended = true }) }
    assert.matches("\27[31m", frame.lines(states, NOW, style(80, 24, { color = true }))[1], 1, true)
    assert.is_nil(frame.lines(states, NOW, style(80, 24))[1]:find("\27", 1, true))
  end)

  it("marks the one that keys change, if there are several", function()
    local states = { state("1", { Status = "Running" }), state("2", { Status = "Running" }) }
    local lines = frame.lines(states, NOW, style(80, 24, { chosen = 2 }))
    assert.same({ " ", ">" }, { lines[1]:sub(1, 1), lines[3]:sub(1, 1) })
    assert.equal(" ", frame.lines({ states[1] }, NOW, style(80, 24, { chosen = 1 }))[1]:sub(1, 1))
  end)

  it("takes no state at all", function()
    assert.same({ "note" }, (frame.lines({}, NOW, style(80, 24, { note = "note" }))))
  end)
end)
