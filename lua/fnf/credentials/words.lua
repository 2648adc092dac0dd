--- A command line split into words by the quoting rules of POSIX; nothing else of a shell.
-- SPDX-License-Identifier: MIT

local words = {}

--- The text in double quotes from `at` on, and the place after the closing one.
local function double_quoted(text, at)
  local parts = {}
  while true do
    local stop = text:find('[\\"]', at)
    if not stop then
      return nil
    end
    parts[#parts + 1] = text:sub(at, stop - 1)
    if text:sub(stop, stop) == '"' then
      return table.concat(parts), stop + 1
    end
    -- A backslash keeps its meaning before these only; before a line break both vanish.
    local escaped = text:match('^[$`"\\]', stop + 1)
    parts[#parts + 1] = escaped or text:sub(stop + 1, stop + 1) ~= "\n" and "\\" or ""
    at = stop + ((escaped or text:sub(stop + 1, stop + 1) == "\n") and 2 or 1)
  end
end

--- How a word goes on, by its next character: the piece, and the place after it; nil if a quote stays open.
local pieces = {
  ["'"] = function(text, at)
    local piece, after = text:match("^'([^']*)'()", at)
    return piece, after
  end,
  ['"'] = function(text, at)
    return double_quoted(text, at + 1)
  end,
  ["\\"] = function(text, at)
    local piece = text:sub(at + 1, at + 1)
    return piece ~= "" and (piece == "\n" and "" or piece) or nil, at + 2
  end,
}

local function plain(text, at)
  return text:match("^([^%s'\"\\]+)()", at)
end

--- The words of a command line.
---@param text string
---@return string[]|nil
---@return string|nil problem
function words.split(text)
  local list, word, at = {}, nil, 1
  while at <= #text do
    local blank = text:match("^%s+()", at)
    if blank then
      list[#list + 1], word, at = word, nil, blank
    else
      local piece, after = (pieces[text:sub(at, at)] or plain)(text, at)
      if not piece then
        return nil, "has a quote that is not closed, or ends with a backslash"
      end
      word, at = (word or "") .. piece, after
    end
  end
  list[#list + 1] = word
  if not list[1] then
    return nil, "is empty"
  end
  return list
end

return words
