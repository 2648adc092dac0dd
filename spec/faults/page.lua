--- Prints docs/faults.md, made of the tables of this folder.
-- SPDX-License-Identifier: MIT

local answers = require "spec.faults.answers"
local faults = require "spec.faults.table"

local page = {}

local HEAD = [[
<!-- Written by spec/faults/page.lua out of spec/faults/table.lua and answers.lua: `make rows`. -->
# Faults

What may go wrong, what you see of it, and what to do. Each row is played by the spec it names; where a cell says
`timeout` or the like, that is `err.kind` ([errors.md](errors.md)).
]]

local function cell(text)
  return (text:gsub("|", "\\|"))
end

--- What a client makes of an answer, in words.
local function seen(expect)
  local kind = expect.kind
  return not kind and "the result" or ("`%s`%s"):format(kind, expect.retryable and ", tried again" or "")
end

--- The page as text.
function page.text()
  local lines = { HEAD }
  for _, group in ipairs(faults) do
    lines[#lines + 1] = ("## %s\n\n| what happens | what you see | what to do | shown by |\n| --- | --- | --- | --- |")
      :format(group[1])
    for _, row in ipairs(group[2]) do
      lines[#lines + 1] = ("| %s | %s | %s | [%s](../%s) |"):format(cell(row[1]), cell(row[2]), cell(row[3]),
        row[4]:match "[^/]*$", row[4])
    end
    lines[#lines + 1] = ""
  end
  lines[#lines + 1] = "## What a server may do to an answer\n\nEach over libcurl and over nginx's cosockets, from one "
    .. "hostile server, with the same outcome but where a libcurl is named\n"
    .. "([answers_spec.lua](../spec/faults/answers_spec.lua)).\n\n"
    .. "| the answer | what you see |\n| --- | --- |"
  for _, row in ipairs(answers) do
    local newer = row.libcurl_8 and ("; over libcurl 8 also %s"):format(seen(row.libcurl_8)) or ""
    lines[#lines + 1] = ("| %s | %s |"):format(cell(row.name), seen(row.expect) .. newer)
  end
  return table.concat(lines, "\n") .. "\n"
end

if not ... then
  io.write(page.text())
end

return page
