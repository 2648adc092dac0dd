--- The mutants of a source text, Lua or C: one change each, of an operator, a constant, a condition or a statement.
-- SPDX-License-Identifier: MIT

local mutants = {}

local COMMON = { { "<=", "<" }, { ">=", ">" }, { "<", "<=" }, { ">", ">=" }, { "+", "-" }, { "-", "+" }, { "*", "/" },
  { "/", "*" }, { "%", "*" } }
local OPERATORS = {
  lua = { { "==", "~=" }, { "~=", "==" }, { "and", "or" }, { "or", "and" }, { "not", "" }, { "true", "false" },
    { "false", "true" }, { "math.min", "math.max" }, { "math.max", "math.min" } },
  c = { { "==", "!=" }, { "!=", "==" }, { "&&", "||" }, { "||", "&&" }, { "&", "|" }, { "|", "&" }, { "^", "&" },
    { ">>", "<<" } },
}

--- The text with blanks for what is in comments and strings, so that each place keeps its number.
local function bare(text, language)
  local function blanks(part)
    return (part:gsub("[^\n]", " "))
  end
  local out, at = {}, 1
  local opening = language == "lua" and '^()[%s%S]-()(["\'%-%[])' or '^()[%s%S]-()(["\'/])'
  while true do
    local first, from, byte = text:match(opening, at)
    if not first then
      out[#out + 1] = text:sub(at)
      return table.concat(out)
    end
    local to
    if byte == '"' or byte == "'" then
      to = from
      repeat
        to = text:find("[\\" .. byte .. "\n]", to + 1)
        to = text:sub(to, to) == "\\" and to + 1 or to
      until text:sub(to, to) == byte and text:sub(to - 1, to - 1) ~= "\\" or text:sub(to - 2, to - 1) == "\\\\"
        or text:sub(to, to) == "\n"
    elseif language == "lua" then
      to = select(2, text:find("^%-%-%[%[.-%]%]", from)) or select(2, text:find("^%-%-[^\n]*", from))
        or select(2, text:find("^%[%[.-%]%]", from))
    else
      to = select(2, text:find("^/%*.-%*/", from)) or select(2, text:find("^//[^\n]*", from))
    end
    out[#out + 1] = text:sub(at, from - 1)
    out[#out + 1] = to and blanks(text:sub(from, to)) or byte
    at = (to or from) + 1
  end
end

local function is_word(byte)
  return byte:find "[%w_]" ~= nil
end

--- Whether an operator stands alone at a place: with blanks around it, as both languages are formatted here, so that no
--- sign, pointer or part of another operator is taken for one; words end where words end.
local function stands(line, from, to, token)
  local before, behind = line:sub(from - 1, from - 1), line:sub(to + 1, to + 1)
  if token:find "%a" then
    return not is_word(before) and before ~= "." and not is_word(behind)
  end
  return before == " " and (behind == " " or behind == "")
end

local function add_operators(add, line, pairs_of)
  for _, pair in ipairs(pairs_of) do
    local from, to = line:find(pair[1], 1, true)
    while from do
      if stands(line, from, to, pair[1]) then
        add(from, to, pair[2], pair[1] .. " becomes " .. (pair[2] == "" and "nothing" or pair[2]))
      end
      from, to = line:find(pair[1], to + 1, true)
    end
  end
end

--- Each number becomes the next one.
local function add_constants(add, line)
  for from, digits, to in line:gmatch "()%f[%w_.](%d+%.?%d*)%f[^%w_.]()" do
    local next_one = ("%.14g"):format(tonumber(digits) + 1)
    add(from, to - 1, next_one, digits .. " becomes " .. next_one)
  end
end

local function add_conditions(add, line, language)
  local from, condition, to
  if language == "lua" then
    from, condition, to = line:match "^%s*elseif ()(.+)() then"
    if not from then
      from, condition, to = line:match "^%s*if ()(.+)() then"
    end
    if not from then
      from, condition, to = line:match "^%s*while ()(.+)() do"
    end
    if from and condition:find "%S" then
      add(from, to - 1, "not (%0)", "the condition is negated")
    end
  else
    from, condition, to = line:match "^%s*[%w } ]-if %(()(.+)()%) ?{?%s*$"
    if from and select(2, condition:gsub("%(", "")) == select(2, condition:gsub("%)", "")) then
      add(from, to - 1, "!(%0)", "the condition is negated")
    end
  end
end

--- A statement of one line is left out; a declaration is not, since what follows would not compile.
local function add_drop(add, line, language)
  local from, to = line:find "%S.*%S"
  local is_statement
  if language == "lua" then
    is_statement = (line:find "^%s+[%w_.%[%]:, ]+ = [^{]*[^{,(%s]%s*$" or line:find "^%s+[%w_.:%[%]]+%(.*%)%s*$")
      and not line:find "^%s+local " and not line:find "function" and not line:find "^%s+return"
      and not line:find "%f[%w]and%s*$" and not line:find "%f[%w]or%s*$"
  else
    is_statement = line:find "^%s+[%w_>.*%(%)%[%]%+-]+[^{}]*;%s*$" and not line:find "^%s+return"
      and not line:find "^%s+[%w_ ]+ %*?[%w_]+ ?[=;%[,]" and not line:find "^%s+break;" and not line:find "^%s*else"
      and line:find "^%s*%(?[%w_>.*%(%[%]-]+[%)%]]* ?[%(=%+%-|]"
  end
  if from and is_statement then
    add(from, to, language == "c" and ";" or "", "the statement is dropped")
  end
end

---@class fnf.Mutant
---@field path string
---@field line integer
---@field from integer place of the first byte that is changed, in the whole text
---@field to integer and of the last
---@field becomes string
---@field text string the line as it was, without its indent
---@field what string in words

--- All of a text, in the order of their places.
---@param path string
---@param text string
---@return fnf.Mutant[]
function mutants.of(path, text)
  local language = path:match "%.c$" and "c" or "lua"
  local found, number, start = {}, 0, 1
  for line in bare(text, language):gmatch "([^\n]*)\n" do
    number = number + 1
    local here, whole = start, text:match("[^\n]*", start):gsub("^%s+", "")
    -- `becomes` may hold %0: the text itself, with the strings that the bare line lacks.
    local function add(from, to, becomes, what)
      from, to = here + from - 1, here + to - 1
      local own = text:sub(from, to)
      found[#found + 1] = { path = path, line = number, from = from, to = to, what = what, text = whole,
        becomes = becomes:gsub("%%0", function() return own end) }
    end
    if line:find "%S" and not line:find "^#" and not line:find "%f[%w]require%f[%W]" then
      add_operators(add, line, COMMON)
      add_operators(add, line, OPERATORS[language])
      add_constants(add, line)
      add_conditions(add, line, language)
      add_drop(add, line, language)
    end
    start = start + #line + 1
  end
  return found
end

--- The text with a mutant's change in it.
---@param text string
---@param mutant fnf.Mutant
---@return string
function mutants.apply(text, mutant)
  return text:sub(1, mutant.from - 1) .. mutant.becomes .. text:sub(mutant.to + 1)
end

---@class fnf.Unkillable why no spec can kill a mutant
---@field path string
---@field line string the line's text without its indent
---@field change string in words
---@field reason string

--- The reason that a row gives for a mutant, if one is about it.
---@param mutant fnf.Mutant
---@param rows fnf.Unkillable[]
---@return string|nil
function mutants.explain(mutant, rows)
  for _, row in ipairs(rows) do
    if row.path == mutant.path and row.line == mutant.text and row.change == mutant.what then
      return row.reason
    end
  end
end

return mutants
