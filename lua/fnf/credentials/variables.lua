--- Environment variables as the vendor's libraries read them: empty is unset, true is "true" in any case.
-- SPDX-License-Identifier: MIT

local variables = {}

--- The value of a variable; nil if it is unset or empty (CREDENTIALS.md section 2).
---@param world fnf.World
---@param name string
---@return string|nil
function variables.get(world, name)
  local value = world.getenv(name)
  return value ~= "" and value or nil
end

---@param world fnf.World
---@param name string
---@return boolean
function variables.is_true(world, name)
  return (world.getenv(name) or ""):lower() == "true"
end

--- A path below the home directory; nil without one.
---@param world fnf.World
---@param path string
---@return string|nil
function variables.below_home(world, path)
  local home = variables.get(world, "HOME")
  return home and home .. "/" .. path
end

return variables
