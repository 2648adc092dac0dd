--- Which lines of the modules can run, and which of them did.
-- SPDX-License-Identifier: MIT
--
-- A line counts if both Lua 5.4 and LuaJIT have instructions for it: they place those of calls and tables that take
-- several lines differently, and half of the modules run in nginx. An `end` on a line of its own does not count, ran it
-- or not: of a function it is reached by those that return nothing, and of a block in a loop it is a jump that Lua 5.4
-- leads others past.

local shell = require "fnf.emulator.shell"

local lua_lines = {}

local function listed(command, each)
  local pipe = assert(io.popen(command))
  for line in pipe:lines() do
    each(line)
  end
  assert(pipe:close())
end

local function quoted(paths)
  local words = {}
  for index, path in ipairs(paths) do
    words[index] = shell.quote(path)
  end
  return table.concat(words, " ")
end

--- By file, the set of lines that Lua 5.4 has instructions for.
local function of_lua(checkout, paths)
  local found, path = {}, nil
  listed("cd " .. checkout .. "; for file in " .. quoted(paths)
    .. "; do luac5.4 -l -p \"$file\" || exit; done", function(line)
    local file = line:match "^[mf]%a+ <(.-):%d+,%d+>"
    if file then
      path = file
      found[path] = found[path] or {}
    else
      local at, operation = line:match "^\t%d+\t%[(%d+)%]\t(%u+)"
      if at and operation ~= "VARARGPREP" then
        found[path][tonumber(at)] = true
      end
    end
  end)
  return found
end

local function of_luajit(checkout, paths)
  local found = {}
  listed("cd " .. checkout .. "; luajit spec/coverage/luajit_lines.lua " .. quoted(paths), function(line)
    local path, at = line:match "^(.*):(%d+)$"
    found[path] = found[path] or {}
    found[path][tonumber(at)] = true
  end)
  return found
end

--- The lines of a file that hold no more than an `end`.
local function find_ends(path)
  local ends, at = {}, 0
  for line in io.lines(path) do
    at = at + 1
    ends[at] = line:find "^%s*end[%s)},;]*$" ~= nil
  end
  return ends
end

---@class fnf.Lines
---@field path string
---@field lines integer that can run
---@field missed integer[] those that did not

--- Of each module, what can run and did not.
---@param checkout string with the marks of spec/coverage/hook.c in build/coverage/marks
---@param paths string[] of modules in it
---@return fnf.Lines[]
function lua_lines.missed(checkout, paths)
  local rows, lua, luajit = {}, of_lua(checkout, paths), of_luajit(checkout, paths)
  for _, path in ipairs(paths) do
    local file = io.open(checkout .. "/build/coverage/marks/" .. path:gsub("/", "%%"), "rb")
    local marks = file and file:read "*a" or ""
    if file then
      file:close()
    end
    local row, ends = { path = path, lines = 0, missed = {} }, find_ends(checkout .. "/" .. path)
    for line in pairs(lua[path]) do
      if luajit[path][line] and not ends[line] then
        row.lines = row.lines + 1
        row.missed[#row.missed + 1] = marks:byte(line + 1) ~= 1 and line or nil
      end
    end
    table.sort(row.missed)
    rows[#rows + 1] = row
  end
  return rows
end

return lua_lines
