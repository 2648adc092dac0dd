--- A temporary home directory with real files, for specs of what reads them.
-- SPDX-License-Identifier: MIT

local home = {}

local Home = {}
Home.__index = Home

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function shell(command)
  local pipe = assert(io.popen(command))
  local printed = pipe:read("*l")
  pipe:close()
  return printed
end

--- A new empty one; `:remove()` it in the end.
function home.new()
  return setmetatable({ path = assert(shell("mktemp -d")) }, Home)
end

--- Write a file below it, private unless `mode` (as chmod has it) says otherwise. Returns its path.
function Home:write(name, text, mode)
  local path = self.path .. "/" .. name
  shell("mkdir -p " .. quote(path:match("^(.*)/")))
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  shell(("chmod %s %s"):format(mode or "600", quote(path)))
  return path
end

--- A program of these lines of shell, to be run by its path.
function Home:program(name, text)
  return self:write(name, "#!/bin/sh\n" .. text .. "\n", "700")
end

--- A FIFO that nobody writes to.
function Home:fifo(name)
  local path = self.path .. "/" .. name
  shell(("mkdir -p %s && mkfifo %s"):format(quote(path:match("^(.*)/")), quote(path)))
  return path
end

function Home:remove()
  shell("rm -rf " .. quote(self.path))
end

return home
