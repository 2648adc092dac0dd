--- Loads the C module that everything needs, and says in words what is wrong where that fails.
-- SPDX-License-Identifier: MIT
--
-- Only `fnf` requires this: its other modules require `fnf.core` itself, which is loaded by then.

local native = {}

local JIT = rawget(_G, "jit")
local THIS = _VERSION:match "%d%.%d" or "?"

--- What `make` and LuaRocks are to be told for this Lua.
local BUILD = ("make LUA=%s, or luarocks --lua-version=%s make, in a checkout of fnf"):format(
  JIT and "luajit" or THIS, THIS)

--- A loader's words about a module of ours, and what there is to do.
---@param name string such as "fnf.core"
---@param reason string
---@return string
function native.explain(name, reason)
  local first = reason:match "[^\n]*"
  local file = reason:match "from file '([^'\n]*)'" or name
  -- A symbol of Lua's own that is not there, as Linux, the BSDs, musl and macOS put it.
  local symbol = reason:match "[Uu]ndefined symbol[^\n]-['\" ]_?(luaL?_%a+)"
    or reason:match "(luaL?_%a+): symbol not found" or reason:match "[Ss]ymbol not found[^\n]-_?(luaL?_%a+)"
  if reason:find(("module '%s' not found"):format(name), 1, true) then
    return ("fnf is installed without its C modules for this Lua (%s): nothing on package.cpath is %s; build them "
      .. "by %s, and from a checkout: eval \"$(make -s env LUA=%s)\""):format(
      JIT and "LuaJIT" or "Lua " .. THIS, name, BUILD, JIT and "luajit" or THIS)
  elseif symbol then
    return ("%s was built for another Lua than this one (%s; it lacks %s): build it by %s"):format(file,
      JIT and "LuaJIT, which takes what is built for 5.1" or "Lua " .. THIS, symbol, BUILD)
  end
  return ("%s cannot be loaded: %s"):format(file, reason:match "\n%s*([^\n]+)" or first)
end

local found, reason = pcall(require, "fnf.core")
if not found then
  error(native.explain("fnf.core", tostring(reason)), 0)
end

return native
