--- Query and form text into plain name and value pairs.
-- SPDX-License-Identifier: MIT

local form = {}

local function plain(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

--- Every pair of the text in its order, repeated names included, since all of them are signed.
---@param text? string
---@return string[] pairs name, value, name, value, ...
---@return table<string, string> first the first value of each name
function form.parse(text)
  local pairs_, first = {}, {}
  for piece in (text or ""):gmatch("[^&]+") do
    local name, value = piece:match("^([^=]*)=?(.*)$")
    name, value = plain(name), plain(value)
    pairs_[#pairs_ + 1], pairs_[#pairs_ + 2] = name, value
    if first[name] == nil then first[name] = value end
  end
  return pairs_, first
end

return form
