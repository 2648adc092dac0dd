--- The terminal that a command draws on: its size, its keys, lines that are drawn over, and how it was before.
-- SPDX-License-Identifier: MIT
--
-- By `stty`, which every system with a terminal has, so nothing is linked for it. How the terminal was is put back by a
-- shell that waits for the end of a pipe: it sees the end of this process whatever ends it, also a signal that no Lua
-- can catch.

local terminal = {}

---@class fnf.Terminal
---@field private restore file* whose end puts the terminal back
---@field private keys? file* single keys, where they may be read
---@field private rows integer of what was drawn last
---@field private widths integer[] of its lines
---@field private columns integer at that time
local Terminal = {}
Terminal.__index = Terminal

local HIDE, SHOW, TO_END_OF_LINE, BELOW = "\27[?25l", "\27[?25h", "\27[K", "\27[J"
local PROGRESS, NO_PROGRESS = "\27]9;4;%d;%d\7", "\27]9;4;0\7"

-- The keyboard is ours only in the foreground: who changes it from behind is stopped by the system.
local OPEN = [[
case $(ps -o stat= -p $PPID 2>/dev/null) in *+*) ;; *) exit 0 ;; esac
test -t 0 || exit 0
exec 2>/dev/null </dev/tty || exit 0
stty -g && stty -icanon -echo min 0 time 0
]]

local RESTORE = "trap '' INT QUIT HUP TERM; cat >/dev/null; { %s printf '%s'; } 2>/dev/null </dev/tty >/dev/tty"

--- Whether a file descriptor is a terminal.
---@param descriptor integer
---@return boolean
function terminal.is_one(descriptor)
  local status = os.execute("test -t " .. descriptor)
  return status == true or status == 0
end

local function first_line(command)
  local pipe = io.popen(command)
  local line = pipe and pipe:read "*l"
  if pipe then
    pipe:close()
  end
  return line
end

--- Terminals that show a progress of their own by OSC 9;4.
local function knows_progress(getenv)
  local program = getenv "TERM_PROGRAM"
  return getenv "ConEmuANSI" == "ON" or getenv "WT_SESSION" ~= nil or program == "WezTerm" or program == "ghostty"
end

--- Begin to draw on the terminal behind stderr. `close` ends it; the end of the process does, too.
---@param getenv fun(name: string): string|nil
---@return fnf.Terminal
function terminal.open(getenv)
  local self = setmetatable({ rows = 0, widths = {}, columns = 80, has_progress = knows_progress(getenv) }, Terminal)
  local saved = first_line(OPEN)
  local back = saved and saved:find "^[%x:]+$" and ("stty %s;"):format(saved) or ""
  if back ~= "" then
    self.keys = io.open("/dev/tty", "rb")
    if self.keys then
      self.keys:setvbuf "no"
    end
  end
  self.restore = io.popen(RESTORE:format(back, "\\033[?25h" .. (self.has_progress and "\\033]9;4;0\\007" or "")), "w")
  io.stderr:write(HIDE)
  return self
end

--- Whether keys can be read.
---@return boolean
function Terminal:has_keys()
  return self.keys ~= nil
end

--- A key that was pressed, or nil. Never waits.
---@return string|nil
function Terminal:key()
  return self.keys and self.keys:read(1) or nil
end

--- Its size now.
---@return integer columns
---@return integer lines
function Terminal:size() -- luacheck: ignore 212
  local lines, columns = (first_line "stty size 2>/dev/null </dev/tty" or ""):match "^(%d+) (%d+)$"
  lines, columns = tonumber(lines) or 0, tonumber(columns) or 0
  return columns > 0 and columns or 80, lines > 0 and lines or 24
end

--- Draw lines in the place of those that were drawn last. Each is shorter than the terminal is wide.
---@param lines string[]
---@param widths integer[] columns that each takes
---@param columns integer of the terminal
function Terminal:draw(lines, widths, columns)
  local rows = 0
  for _, width in ipairs(self.widths) do -- a terminal that became narrower has broken the lines that are there
    rows = rows + math.max(1, math.ceil(width / columns))
  end
  local parts = { "\r", rows > 1 and ("\27[%dA"):format(rows - 1) or "" }
  for i, line in ipairs(lines) do
    parts[#parts + 1] = (i > 1 and "\r\n" or "") .. line .. TO_END_OF_LINE
  end
  parts[#parts + 1] = BELOW
  io.stderr:write(table.concat(parts))
  io.stderr:flush()
  self.widths, self.columns = widths, columns
end

--- Show a share of the whole in the terminal's own frame, where it has one.
---@param percent integer
---@param failed boolean
function Terminal:progress(percent, failed)
  if self.has_progress then
    io.stderr:write(PROGRESS:format(failed and 2 or 1, percent))
  end
end

--- Leave what is drawn, and put the terminal back as it was.
function Terminal:close()
  if self.restore then
    io.stderr:write("\r\n", SHOW, self.has_progress and NO_PROGRESS or "")
    io.stderr:flush()
    if self.keys then
      self.keys:close()
      self.keys = nil
    end
    self.restore:close()
    self.restore = nil
  end
end

return terminal
