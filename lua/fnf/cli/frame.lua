--- The lines of a live `watch`: MapRuns as bars and words, as many as the terminal has room for. Pure.
-- SPDX-License-Identifier: MIT

local output = require "fnf.cli.output"
local terminal_text = require "fnf.cli.text"
local view = require "fnf.wait.view"

local frame = {}

---@class fnf.FrameStyle
---@field columns integer of the terminal
---@field lines integer of the terminal
---@field unicode boolean whether it shows more than ASCII
---@field color boolean
---@field chosen? integer place of the run that keys change, in the order of the list
---@field note? string of the last line

local BARS = {
  [true] = { Succeed = "\226\150\136", Failed = "\226\150\147", Aborted = "\226\150\146", Running = "\226\150\145",
    left = "\194\183" },
  [false] = { Succeed = "#", Failed = "x", Aborted = "a", Running = ">", left = "." },
}
local BAR_COLORS = { Succeed = "32", Failed = "31", Aborted = "33", Running = "34", left = "2" }
local TONES = { good = "32", bad = "31", stopped = "33", busy = "34", idle = "2" }

--- What the words of a view become where there is only ASCII.
local PLAIN = { ["\226\128\175"] = " ", ["\226\128\147"] = "-", ["\226\128\166"] = "...", ["\194\183"] = "|",
  ["\226\156\147"] = "+", ["\226\156\151"] = "x", ["\226\150\160"] = "#", ["\226\150\182"] = ">",
  ["\226\150\179"] = "!" }

--- The text in exactly so many columns: filled up with blanks, or cut with a mark.
---@param text string
---@param columns integer
---@param mark string
---@return string
local function fit(text, columns, mark)
  local width = terminal_text.width(text)
  if width <= columns then
    return text .. (" "):rep(columns - width)
  end
  local kept, left = {}, columns - terminal_text.width(mark)
  for character in text:gmatch(terminal_text.CHARACTER) do
    left = left - terminal_text.width(character)
    if left < 0 then
      break
    end
    kept[#kept + 1] = character
  end
  return fit(table.concat(kept) .. (columns >= terminal_text.width(mark) and mark or ""), columns, "")
end

--- Text of the view, or of the service, as this terminal can show it; what could steer it is shown, not obeyed.
local function show(text, style)
  if style.unicode then
    return output.cell(text)
  end
  for from, to in pairs(PLAIN) do
    text = text:gsub(from, to)
  end
  return (output.cell(text):gsub("[\128-\255]", function(byte)
    return ("\\x%02x"):format(byte:byte())
  end))
end

local function paint(text, code, style)
  return style.color and text ~= "" and ("\27[%sm%s\27[0m"):format(code, text) or text
end

--- The bar: of each share at least one cell, if there is anything of it and room.
local function bar(one, columns, style)
  local signs, parts, used = BARS[style.unicode], {}, 0
  for _, name in ipairs { "Succeed", "Failed", "Aborted", "Running" } do
    local share, some = one.shown.bar[name] * columns / 100, (one.ItemCounts[name] or 0) > 0
    local cells = math.min(columns - used, some and math.max(1, math.floor(share + 0.5)) or 0)
    parts[#parts + 1] = paint(signs[name]:rep(cells), BAR_COLORS[name], style)
    used = used + cells
  end
  parts[#parts + 1] = paint(signs.left:rep(columns - used), BAR_COLORS.left, style)
  return table.concat(parts)
end

local SHARE, STATUS, NARROW = 7, 10, 60 -- columns

--- One run: sign, name, bar, share, status.
local function head(one, label, label_width, style, chosen)
  local mark = style.unicode and "\226\128\166" or "~"
  local wide = style.columns >= NARROW
  local bar_width = math.max(4, style.columns - 1 - label_width - SHARE - (wide and STATUS + 1 or 0) - 5)
  local tone = TONES[one.shown.tone]
  local text = table.concat({
    (chosen and ">" or " ") .. paint(fit(show(one.shown.sign, style), 1, ""), tone, style),
    fit(label, label_width, mark), bar(one, bar_width, style),
    (" "):rep(math.max(0, SHARE - terminal_text.width(show(one.shown.share, style)))) .. show(one.shown.share, style),
    wide and paint(fit(show(one.shown.status, style), STATUS, mark), tone, style) or nil,
  }, " ")
  return text, 2 + 1 + label_width + 1 + bar_width + 1 + SHARE + (wide and 1 + STATUS or 0)
end

--- What else is known of it, the most important first; as much as fits.
local function details(one, style)
  local shown = one.shown
  local parts = { shown.ending }
  if shown.trouble ~= "" then
    table.insert(parts, 1, shown.trouble)
  end
  parts[#parts + 1] = shown.items
  parts[#parts + 1] = shown.ended_items
  parts[#parts + 1] = shown.rate
  parts[#parts + 1] = shown.last_label:lower() .. ": " .. shown.last
  parts[#parts + 1] = shown.active_items
  local text = "   " .. show(table.concat(parts, " \194\183 "), style)
  local room = style.columns - 1
  local width = math.min(room, terminal_text.width(text))
  return paint(fit(text, width, style.unicode and "\226\128\166" or "~"), "2", style), width
end

local function label_of(one)
  return ("%s / %s"):format(one.ExecutionName, one.shown.short)
end

--- The lines of a frame, and how many columns each takes: one less than the terminal has at most.
---@param states fnf.WatchState[]
---@param now number seconds since 1970
---@param style fnf.FrameStyle
---@return string[] lines
---@return integer[] widths
function frame.lines(states, now, style)
  local views, lines, widths = view.all(states, now), {}, {}
  local longest, chosen = 0, states[style.chosen or 0]
  for _, one in ipairs(views) do
    longest = math.max(longest, terminal_text.width(show(label_of(one), style)))
  end
  local label_width = math.min(longest, math.max(8, math.floor(style.columns * 0.4)))
  local room = math.max(1, style.lines - 3)
  local both = #views * 2 <= room
  local count = both and #views or #views <= room and #views or room - 1
  local function add(text, width)
    lines[#lines + 1], widths[#widths + 1] = text, width
  end
  for i = 1, count do
    local one = views[i]
    add(head(one, show(label_of(one), style), label_width, style, chosen and chosen.id == one.id and #views > 1))
    if both then
      add(details(one, style))
    end
  end
  local function add_note(text)
    text = show(text, style)
    local width = math.min(style.columns - 1, terminal_text.width(text))
    add(fit(text, width, ""), width)
  end
  if count < #views then
    add_note(("\226\128\166 %d more are not shown"):format(#views - count))
  end
  if #views > 1 then
    add_note(view.summary(views))
  end
  if style.note then
    add_note(style.note)
  end
  return lines, widths
end

return frame
