--- The name that was probably meant by one that there is not: misspelt, or called otherwise before.
-- SPDX-License-Identifier: MIT

local nearest = {}

nearest.LONGEST = 60 -- bytes: a longer one is no misspelt name of ours

--- What options were called before the first release. The old name is no alias; it is answered with the new one.
local FORMER = { pace = "rate_limit", deadline = "timeout" }

--- How many single-letter changes lie between two words, ignoring case.
local function distance(a, b)
  a, b = a:lower(), b:lower()
  local row = {}
  for j = 0, #b do
    row[j] = j
  end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
    end
  end
  return row[#b]
end

--- The name in `rows` that `word` was probably meant to be.
---@param word any
---@param rows table<string, any>
---@return string|nil
function nearest.find(word, rows)
  if type(word) ~= "string" or #word > nearest.LONGEST then
    return nil
  end
  local former = FORMER[word:lower()]
  if former and rows[former] then
    return former
  end
  local best, least
  for name in pairs(rows) do
    local far = distance(word, name)
    if not least or far < least or (far == least and name < best) then
      best, least = name, far
    end
  end
  if least and least <= math.max(2, #best / 3) then
    return best
  end
end

return nearest
