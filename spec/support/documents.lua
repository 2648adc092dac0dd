--- The blocks of a page of the documentation, and what it takes to run them as a reader would paste them.
-- SPDX-License-Identifier: MIT
--
-- A ```lua block that requires fnf, or a module of it, begins a program, and those behind it, up to the next such
-- block, go on with it. A ```sh block is a program, too; Lua that describes is a spec for busted. A block without a
-- language behind a program is what it prints: blanks count as one, `...` in a line stands for anything, and a line of
-- `...` for any lines. What cannot run here has a comment `<!-- not run: why -->` above it; Lua of that sort is
-- compiled all the same.

local shell = require "fnf.emulator.shell"

local documents = {}

local DEBIAN = ";/usr/share/lua/5.1/?.lua" -- which has lua-logging there alone, and it is for any Lua

---@class fnf.spec.Block
---@field language string "" if none is named
---@field text string
---@field line integer of the page
---@field not_run? string why

function documents.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

--- The pages: the README, docs/ and the emulator's.
---@return string[]
function documents.pages()
  local pages = { "README.md", "emulator/README.md" }
  local _, found = shell.run "ls docs/*.md"
  for path in found:gmatch "%S+" do
    pages[#pages + 1] = path
  end
  return pages
end

---@param text string
---@return fnf.spec.Block[]
function documents.blocks(text)
  local blocks, block, note, number = {}, nil, nil, 0
  for line in (text .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    if block and line == "```" then
      block.text = table.concat(block, "\n") .. "\n"
      blocks[#blocks + 1], block, note = block, nil, nil
    elseif block then
      block[#block + 1] = line
    elseif line:find "^```" then
      block = { language = line:match "^```(%S*)", line = number, not_run = note }
    elseif line ~= "" then
      note = line:match "^<!%-%- not run: (.+) %-%->$"
    end
  end
  return blocks
end

---@class fnf.spec.Program
---@field language string
---@field text string
---@field line integer
---@field prints? string[] texts, one after another

--- The programs of a page, each with what it is said to print.
---@param blocks fnf.spec.Block[]
---@return fnf.spec.Program[]
function documents.programs(blocks)
  local programs, program, passed = {}, nil, false
  for _, block in ipairs(blocks) do
    if block.not_run or block.language == "" and passed then -- and what that prints
      program, passed = nil, true
    elseif block.language == "" and program then
      program.prints = program.prints or {}
      table.insert(program.prints, block.text)
    elseif block.language == "lua" and program and program.language == "lua"
      and not block.text:find 'require "fnf' then
      program.text = program.text .. block.text
    else
      assert(block.language ~= "", "a block without a language, and no program before it: line " .. block.line)
      passed = false
      program = { language = block.language, text = block.text, line = block.line }
      programs[#programs + 1] = program
    end
  end
  return programs
end

local function plain(text)
  return (text:gsub("[ \t]+", " "):gsub(" ?\n ?", "\n"):gsub("^%s+", ""):gsub("%s+$", ""))
end

--- Whether a program printed what a page says.
---@param said string
---@param printed string
---@return boolean
function documents.agree(said, printed)
  local pattern = plain(said):gsub("[%^%$%(%)%%%.%[%]%*%+%-%?]", "%%%0")
  pattern = ("\n" .. pattern .. "\n"):gsub("\n%%%.%%%.%%%.%f[\n]", "%%f[\n].-"):gsub("%%%.%%%.%%%.", "[^\n]*")
  return ("\n" .. plain(printed) .. "\n"):find("^" .. pattern .. "$") ~= nil
end

local function interpreter()
  local found = arg[-1] or "lua"
  for i = -1, -20, -1 do
    found = arg[i] or found
  end
  return found
end

--- Run a program in a process of its own.
---@param program fnf.spec.Program
---@param environment table<string, string>
---@return boolean done it ended with 0
---@return string printed with what it complained of
function documents.run(program, environment)
  local path = os.tmpname()
  local file = assert(io.open(path .. "_spec.lua", "w"))
  file:write(program.text)
  file:close()
  local words = { 'PATH="$PWD/bin:$PATH" exec timeout 60 env -u LUA_PATH -u LUA_CPATH "$@" 2>&1' }
  for name, value in pairs(environment) do
    words[#words + 1] = name .. "=" .. value
  end
  local is_spec = program.text:find "\ndescribe%("
  for _, word in ipairs(program.language == "sh" and { "sh", "-e" } or { "LUA_PATH=" .. package.path .. DEBIAN,
    "LUA_CPATH=" .. package.cpath, interpreter(), is_spec and "spec/run.lua" or nil }) do
    words[#words + 1] = word
  end
  words[#words + 1] = path .. "_spec.lua"
  local done, printed = shell.run((table.unpack or unpack)(words)) -- luacheck: ignore 113 143
  os.remove(path)
  os.remove(path .. "_spec.lua")
  return done and not (is_spec and printed:find "%f[%d]0 successes"), printed
end

return documents
