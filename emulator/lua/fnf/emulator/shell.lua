--- Commands of this machine, run by /bin/sh with their arguments quoted.
-- SPDX-License-Identifier: MIT

local shell = {}

--- The text as one word of a shell command.
---@param text string
---@return string
function shell.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- The command line that runs a script with arguments $1, $2, ...
---@param script string
---@param ... string
---@return string
function shell.command(script, ...)
  local words = { "exec /bin/sh -c", shell.quote(script), "fnf-emulator" }
  for _, argument in ipairs { ... } do
    words[#words + 1] = shell.quote(argument)
  end
  return table.concat(words, " ")
end

--- Runs a script to its end.
---@param script string
---@param ... string
---@return boolean success
---@return string printed standard output and error, without the last newline
function shell.run(script, ...)
  -- Lua 5.1 does not give a command's status back, so it is printed.
  local pipe = assert(io.popen("(" .. shell.command(script, ...) .. ") 2>&1; echo \"status=$?\""))
  local printed = pipe:read "*a"
  pipe:close()
  local text, status = printed:match "^(.-)\n?status=(%d+)\n$"
  return status == "0", text or printed
end

return shell
