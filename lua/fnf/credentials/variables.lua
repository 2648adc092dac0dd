--- Environment variables as the vendor's libraries read them: empty is unset, true is "true" in any case.
-- SPDX-License-Identifier: MIT

local variables = {}

--- The value of a variable; nil if it is unset or empty (CREDENTIALS.md section 2).
---@param context fnf.CallContext
---@param name string
---@return string|nil
function variables.get(context, name)
  local value = context.getenv(name)
  return value ~= "" and value or nil
end

---@param context fnf.CallContext
---@param name string
---@return boolean
function variables.is_true(context, name)
  return (context.getenv(name) or ""):lower() == "true"
end

--- A path below the home directory; nil without one.
---@param context fnf.CallContext
---@param path string
---@return string|nil
function variables.below_home(context, path)
  local home = variables.get(context, "HOME")
  return home and home .. "/" .. path
end

return variables
