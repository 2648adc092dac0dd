--- Mutants that no spec can kill, each with its reason: they do the same, or what differs is nobody's to see.
-- SPDX-License-Identifier: MIT
--
-- A row: the file, the line's text without its indent, what was changed (none: whatever is), and the reason. By text,
-- so that a row outlives lines that move and goes with the line that it is about.

local rows = {
  { path = "csrc/buf.c", line = "enum { FIRST_CAPACITY = 256 };", change = "256 becomes 257",
    reason = "how much is reserved at first is nobody's to see" },
  { path = "csrc/head.c", line = "head->is_complete = 1;", change = "1 becomes 2",
    reason = "it is only asked whether it is 0" },
  { path = "csrc/sign.c", line = "enum { PROBE = 64 * 1024 };", change = "64 becomes 65",
    reason = "how much memory is asked for, to see whether there is any, is anyone's guess" },
  { path = "csrc/sign.c", line = "enum { PROBE = 64 * 1024 };", change = "1024 becomes 1025",
    reason = "the same" },
  { path = "lua/fnf/platform/nginx_framing.lua", line = 'self.buffer, self.at = "", 1', change = "1 becomes 2",
    reason = "of an empty buffer, either place is behind its end" },
  { path = "lua/fnf/platform/nginx_framing.lua", line = "local first, second = text:byte(stop + 1, stop + 2)",
    change = "2 becomes 3", reason = "a third byte goes nowhere" },
  { path = "lua/fnf/wait/progress.lua", change = "> becomes >=",
    line = "self.base, self.rate, self.most, self.item, self.batch = not age and worked > 0 and worked or nil, "
      .. "nil, nil, nil, 0", reason = "a base of 0 is that of the class" },
  { path = "lua/fnf/call/response.lua", change = "1 becomes 2",
    line = 'elseif answer.body:find("^%s*<") and answer.body:sub(1, 1024):find("plain HTTP", 1, true) then',
    reason = "the body begins with a blank or <, and the words with neither" },
}

-- The table of bytes that stay as they are, of which it is only asked whether each is 0.
for _, line in ipairs {
  "['-'] = 1, ['.'] = 1, ['_'] = 1, ['~'] = 1, ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1,",
  "['6'] = 1, ['7'] = 1, ['8'] = 1, ['9'] = 1, ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1,",
  "['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1,",
  "['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1, ['W'] = 1, ['X'] = 1, ['Y'] = 1, ['Z'] = 1,",
  "['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1,",
  "['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1,",
  "['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1};",
} do
  rows[#rows + 1] = { path = "csrc/buf.c", line = line, change = "1 becomes 2",
    reason = "it is only asked whether it is 0" }
end

return rows
