-- Loads the hook that marks lines, in Lua 5.4 and those that run what is built for 5.1; LUA_INIT names this file.
-- SPDX-License-Identifier: MIT

local abi = _VERSION:match "5%.[14]"
local hook = abi and package.loadlib(os.getenv "FNF_COVERAGE_ROOT" .. "/build/coverage/" .. abi .. "/hook.so",
  "luaopen_coverage")
if hook then
  hook()
end
