--- Branches of C that no spec takes, each with its reason; they count as not taken all the same.
-- SPDX-License-Identifier: MIT
--
-- A row: the file, the line's text without its indent, and the reason. By text, so that a row outlives lines that move.

---@class fnf.Unreached
---@field path string
---@field line string
---@field reason string

---@type fnf.Unreached[]
return {
  { path = "csrc/fnf.c", line = "if (dladdr((void *)&fork_count, &here) && here.dli_fname)",
    reason = "the loader has a name for each object that it finds" },
  { path = "csrc/http.c", line = "if (http->slot_count >= FNF_HTTP_MAX_TRANSFERS)",
    reason = "65,536 transfers at once take half a gigabyte" },
  { path = "csrc/http.c",
    line = "if (know_ends(connection) && connection->our_port == our_port && connection->their_port == their_port &&",
    reason = "two connections have one port of ours only on a machine that has no other left" },
  { path = "csrc/http.c", line = "strcmp(connection->their_ip, their_ip) == 0)", reason = "the same" },
  { path = "csrc/lua_redis.c", line = "if (!guard->waited && sigismember(&pending, SIGPIPE) == 1) {",
    reason = "the host blocks SIGPIPE and has one waiting, which no Lua can bring about" },
}
