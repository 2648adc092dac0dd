--- Mutants that no spec can kill, each with its reason: they do the same, or what differs is nobody's to see.
-- SPDX-License-Identifier: MIT
--
-- A row: the file, the line's text without its indent, what was changed, and the reason. By text, so that a row
-- outlives lines that move, and goes with the line that it is about: a spec names those that are about none.

---@type fnf.Unkillable[]
return {
  { path = "csrc/buf.c", line = "enum { FIRST_CAPACITY = 256 };", change = "256 becomes 257",
    reason = "how much is reserved at first is nobody's to see" },
  { path = "csrc/buf.c", line = "capacity = capacity > buf->limit / 2 ? buf->limit : capacity * 2;",
    change = "> becomes >=", reason = "of half the limit, either way leads to the limit, at most a turn later" },
  { path = "csrc/buf.c", change = "> becomes >=", reason = "twice half of SIZE_MAX is as much too much as SIZE_MAX",
    line = "if (fnf_buf_reserve(buf, bytes.size > SIZE_MAX / 2 ? SIZE_MAX : bytes.size * 2) != FNF_OK)" },
  { path = "csrc/canonical.c", line = "size_t shorter = a.size < b.size ? a.size : b.size;", change = "< becomes <=",
    reason = "of two equal sizes, either is the shorter" },
  { path = "csrc/head.c", line = "head->is_complete = 1;", change = "1 becomes 2",
    reason = "it is only asked whether it is 0" },
  { path = "csrc/sign.c", change = ">= becomes >", reason = "what is no longer than the armour's first word is no key",
    line = "int armoured = secret.size >= sizeof begin - 1 && memcmp(secret.data, begin, sizeof begin - 1) == 0;" },
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
  { path = "lua/fnf/call/rate_limiter.lua", change = "true becomes false",
    line = "self.contexts[context] = true",
    reason = "it is a set: only its keys are asked for" },
  { path = "lua/fnf/call/retry.lua", change = "< becomes <=",
    line = "if budget.tokens < BUDGET.most then",
    reason = "a full budget stays full" },
  { path = "lua/fnf/platform/nginx_framing.lua", change = ">= becomes >",
    line = "if have >= size then",
    reason = "where just so many bytes are there, the longer way takes the same ones" },
  { path = "lua/fnf/platform/nginx_framing.lua", change = "<= becomes <",
    line = "while at <= #lines do",
    reason = "no header line is a single byte long" },
  { path = "lua/fnf/wait/progress.lua", change = "> becomes >=",
    line = 'return type(value) == "number" and value > 0 and value <= MOST_ITEMS and value or 0',
    reason = "0 is 0 by either" },
  { path = "lua/fnf/platform/nginx_framing.lua", change = "true becomes false", line = "return true",
    reason = "of plain lines the searches that follow find nothing: only their cost differs" },
}
