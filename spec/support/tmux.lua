--- A real terminal for specs: a shell in tmux, typed into and read like a screen.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"

local tmux = {}

local Screen = {}
Screen.__index = Screen

local PATIENCE = 30 -- seconds

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function run(self, command)
  local pipe = assert(io.popen(("tmux -L %s %s 2>&1"):format(self.name, command)))
  local printed = pipe:read "*a"
  pipe:close()
  return printed
end

--- Whether there is a tmux here.
function tmux.is_there()
  local status = os.execute("command -v tmux >/dev/null")
  return status == true or status == 0
end

--- A shell in a terminal of that size, with these variables; `:stop()` it.
function tmux.open(columns, lines, environment)
  local self = setmetatable({ name = "fnf-" .. core.nonce():sub(1, 12) }, Screen)
  local variables = {}
  for name, value in pairs(environment) do
    variables[#variables + 1] = quote(name .. "=" .. value)
  end
  run(self, ("-f /dev/null new-session -d -s s -x %d -y %d %s"):format(columns, lines, quote(
    "cd " .. quote(assert(io.popen("pwd"):read "*l")) .. " && exec env " .. table.concat(variables, " ")
      .. " PS1='$ ' bash --norc --noprofile")))
  local there, problem = pcall(self.wait_for, self, "%$$")
  if not there then
    self:stop()
    error(problem, 2)
  end
  return self
end

--- What the screen shows, without blanks at the ends of lines.
function Screen:text()
  return (run(self, "capture-pane -t s -p"):gsub("[ \t]+\n", "\n"):gsub("\n+$", ""))
end

--- The same with its colours as escape sequences.
function Screen:colored()
  return run(self, "capture-pane -t s -p -e")
end

--- Keep every byte that programs write from now on in a file.
function Screen:record(path)
  run(self, "pipe-pane -O -t s " .. quote("cat >>" .. quote(path)))
end

function Screen:press(key)
  run(self, "send-keys -t s " .. key)
end

--- Type a line and return.
function Screen:type(line)
  run(self, "send-keys -t s -l " .. quote(line))
  self:press "Enter"
end

function Screen:resize(columns, lines)
  run(self, ("resize-window -t s -x %d -y %d"):format(columns, lines))
end

--- Wait until the screen's text has this pattern; the text then. Fails with what it shows else.
function Screen:wait_for(pattern, plain)
  local ending = core.now() + PATIENCE
  while true do
    local text = self:text()
    if text:find(pattern, 1, plain) then
      return text
    elseif core.now() > ending then
      error(("the screen never showed %q but\n%s"):format(pattern, text), 2)
    end
    core.sleep(0.05)
  end
end

--- Wait until the shell's prompt is back; what it says of the modes that a live view changes.
function Screen:modes()
  -- The quotes keep what is typed from being taken for what is printed.
  self:type [[echo "mo""des:"$(stty -a | tr ' ;' '\n\n' | grep -x -e '-*icanon' -e '-*echo')":"]]
  return self:wait_for "modes:[%a -]+:":match "modes:([%a -]+):"
end

function Screen:stop()
  run(self, "kill-server")
end

return tmux
