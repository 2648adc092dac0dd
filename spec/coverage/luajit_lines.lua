--- Prints the lines of each file that LuaJIT has instructions for: `luajit spec/coverage/luajit_lines.lua FILE...`.
-- SPDX-License-Identifier: MIT

local jit_util = require "jit.util"

local function print_lines(path, proto)
  local info, seen = jit_util.funcinfo(proto), {}
  for place = 1, info.bytecodes - 1 do
    local line = jit_util.funcinfo(proto, place).currentline
    if not seen[line] then
      seen[line] = true
      print(path .. ":" .. line)
    end
  end
  local index = -1
  local constant = jit_util.funck(proto, index)
  while constant ~= nil do
    if type(constant) == "proto" then
      print_lines(path, constant)
    end
    index = index - 1
    constant = jit_util.funck(proto, index)
  end
end

for _, path in ipairs(arg) do
  print_lines(path, assert(loadfile(path)))
end
