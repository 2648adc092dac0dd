--- The modules of the library, floor by floor, with what each requires: the text in CONTRIBUTING.md, and its maker.
-- SPDX-License-Identifier: MIT
--
-- `lua spec/support/module_map.lua < CONTRIBUTING.md` writes the page anew. A module's floor is one above the highest
-- that it requires; what is required inside a function counts, too.

local module_map = {}

local BEGIN, END = "<!-- the modules, by spec/support/module_map.lua -->\n```\n", "```\n<!-- end of the modules -->"

local function lines_of(command)
  local pipe = assert(io.popen(command))
  local lines = {}
  for line in pipe:lines() do
    lines[#lines + 1] = line
  end
  pipe:close()
  return lines
end

local function required_by(path, known)
  local file = assert(io.open(path, "rb"))
  local code = file:read("*a"):gsub("%-%-[^\n]*", "")
  file:close()
  local found, names = {}, {}
  for name in code:gmatch("require%s*%(?%s*[\"']([^\"']+)[\"']") do
    if known[name] and not found[name] then
      found[name], names[#names + 1] = true, name
    end
  end
  for prefix in code:gmatch("require%(\"([%w_.]+%.)\" %.%.") do -- a source of credentials, by its name
    for name in pairs(known) do
      if name:sub(1, #prefix) == prefix and not found[name] and known[name] ~= path then
        found[name] = true
        names[#names + 1] = name
      end
    end
  end
  table.sort(names)
  return names
end

--- Modules of lua/ by name: what each requires.
---@return table<string, string[]>
function module_map.requires()
  local known, all = {}, {}
  for _, path in ipairs(lines_of("find lua -name '*.lua' ! -path 'lua/fnf/types*' | sort")) do
    known[path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/", ".")] = path
  end
  for name, path in pairs(known) do
    all[name] = required_by(path, known)
  end
  return all
end

local function floor_of(name, all, floors)
  if not floors[name] then
    floors[name] = 0
    for _, below in ipairs(all[name]) do
      floors[name] = math.max(floors[name], floor_of(below, all, floors) + 1)
    end
  end
  return floors[name]
end

local function short(name)
  return (name:gsub("^fnf%.", ""))
end

--- The text between the marks.
---@return string
function module_map.text()
  local all, floors, names = module_map.requires(), {}, {}
  for name in pairs(all) do
    names[#names + 1] = name
    floor_of(name, all, floors)
  end
  table.sort(names, function(a, b)
    return floors[a] ~= floors[b] and floors[a] > floors[b] or floors[a] == floors[b] and a < b
  end)
  local lines, last = {}, nil
  for _, name in ipairs(names) do
    local below = {}
    for i, other in ipairs(all[name]) do
      below[i] = short(other)
    end
    local line = ("%s  %-26s %s"):format(floors[name] == last and "  " or ("%2d"):format(floors[name]), short(name),
      table.concat(below, " "))
    lines[#lines + 1], last = line:gsub("%s+$", ""), floors[name]
  end
  return BEGIN .. table.concat(lines, "\n") .. "\n" .. END
end

--- A page with the text put between its marks; and what stood there.
---@param page string
---@return string page
---@return string|nil old
function module_map.replace(page)
  local first = assert(page:find(BEGIN, 1, true), "the page has no place for the modules")
  local _, last = page:find(END, first, true)
  return page:sub(1, first - 1) .. module_map.text() .. page:sub(last + 1), page:sub(first, last)
end

if arg and arg[0] and arg[0]:find("module_map%.lua$") then
  io.write((module_map.replace(io.read("*a"))))
end

return module_map
