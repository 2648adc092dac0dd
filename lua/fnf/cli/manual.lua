--- The man page fnf(1) in mdoc, made of the parser that the command line is read by.
-- SPDX-License-Identifier: MIT

local command = require "fnf.cli.command"
local exit = require "fnf.cli.exit"

local manual = {}

--- A text that mdoc takes as it is: no macro, no escape.
local function plain(value)
  return (value:gsub("\\", "\\e"):gsub("^[.']", "\\&%0"):gsub("\n[.']", function(start)
    return "\n\\&" .. start:sub(2)
  end))
end

local LONGEST = 78 -- bytes of a line of text

--- A text in lines that are short enough.
local function wrap(value)
  local lines, line = {}, ""
  for word in value:gmatch "%S+" do
    if line ~= "" and #line + 1 + #word > LONGEST then
      lines[#lines + 1] = line
      line = ""
    end
    line = line == "" and word or line .. " " .. word
  end
  lines[#lines + 1] = line
  return plain(table.concat(lines, "\n"))
end

--- Each word of a macro's line that would be a macro or a delimiter itself.
local function words(value)
  return (plain(value):gsub("%S+", function(word)
    return (word:find "^%u%l$" or word:find "^[.,:;()%[%]?!|]$") and "\\&" .. word or word
  end))
end

--- Options and arguments, as the help has them; those of one row once.
local function add_options(lines, parser, known)
  local begun = false
  for _, option in ipairs(parser._options) do
    local names = table.concat(option._aliases, ", ")
    if not known[names .. (option._description or "")] and not names:find "^%-h" then
      lines[#lines + 1] = not begun and ".Bl -tag -width Ds" or nil
      begun = true
      local head = {}
      for _, alias in ipairs(option._aliases) do
        head[#head + 1] = "Fl " .. alias:sub(2):gsub("%-", "\\-")
      end
      local takes = option._maxargs and option._maxargs > 0
      lines[#lines + 1] = ".It " .. table.concat(head, " , ") .. (takes and " Ar VALUE" or "")
      lines[#lines + 1] = wrap(option._description or "")
    end
  end
  lines[#lines + 1] = begun and ".El" or nil
end

--- The flags that every command in a list of parsers has.
local function common_of(parsers)
  local counts, common = {}, { _options = {} }
  for _, parser in ipairs(parsers) do
    for _, option in ipairs(parser._options) do
      local key = table.concat(option._aliases, ", ") .. (option._description or "")
      counts[key] = (counts[key] or 0) + 1
      if counts[key] == #parsers then
        common._options[#common._options + 1] = option
      end
    end
  end
  return common
end

local HEAD = [[
.\" Made by `fnf help manual` of the table that the command line is read by.
.Dd %s
.Dt FNF 1
.Os
.Sh NAME
.Nm fnf
.Nd Alibaba Cloud CloudFlow in a shell
.Sh SYNOPSIS
.Nm
.Ar command
.Op Ar verb
.Op Ar flow/execution/map\-run | Name=value
.Op Fl \-flag Ar value
.Sh DESCRIPTION
.Nm
calls every operation of Alibaba Cloud CloudFlow (product fnf,
API 2019\-03\-15), waits for MapRuns and executions, and tells how they ended
by its exit status.
A parameter is given by its flag, by the service's name, or with all others as
JSON.]]

local TAIL = [[
.Sh ENVIRONMENT
.Bl -tag -width Ds
.It Ev ALIBABA_CLOUD_ACCESS_KEY_ID , Ev ALIBABA_CLOUD_ACCESS_KEY_SECRET , Ev ALIBABA_CLOUD_SECURITY_TOKEN
The key.
.It Ev ALIBABA_CLOUD_PROFILE , Ev ALIBABA_CLOUD_REGION_ID
The profile of the vendor's configuration file, and the region.
.It Ev FNF_ENDPOINT , Ev FNF_CA_FILE
What is asked instead of the region's endpoint, and the certificates that are
trusted.
.It Ev NO_COLOR , Ev CLICOLOR_FORCE
Whether a live picture has colours.
.El
.Sh FILES
.Bl -tag -width Ds
.It Pa ~/.aliyun/config.json , Pa ~/.alibabacloud/credentials
Profiles and keys of the vendor's tools.
.El]]

local EXAMPLES = [[
.Sh EXAMPLES
Watch the MapRuns of an execution:
.Pp
.Dl fnf map\-run watch orders/nightly\-1
.Pp
Wait for an hour at most, and act on the end:
.Pp
.Dl fnf map\-run wait \-\-timeout 3600 orders/nightly\-1 && deploy
.Pp
Find out what is wrong with this machine:
.Pp
.Dl fnf doctor]]

local function exit_codes()
  local lines = { ".Sh EXIT STATUS", ".Bl -tag -width Ds" }
  for code, text in exit.help:gmatch "\n +(%d+)  ([^\n]+)" do
    lines[#lines + 1] = ".It " .. code
    lines[#lines + 1] = wrap(text)
  end
  lines[#lines + 1] = ".El"
  for paragraph in exit.help:match("\n +%d+  [^\n]+\n\n(.+)$"):gsub("%s*$", "\n\n"):gmatch "(.-)\n\n" do
    lines[#lines + 1] = ".Pp"
    lines[#lines + 1] = wrap((paragraph:gsub("\n", " ")))
  end
  return table.concat(lines, "\n")
end

local DATE = "November 28, 2026" -- of the last change of what is written here by hand

--- The page.
---@return string
function manual.text()
  local lines, leaves = { HEAD:format(DATE) }, {}
  local parser = command.parser()
  for _, group in ipairs(parser._commands) do
    for _, leaf in ipairs(group._commands) do
      leaves[#leaves + 1] = leaf
    end
  end
  local common, known = common_of(leaves), {}
  lines[#lines + 1] = ".Sh OPTIONS\nOf every command that calls the service:"
  add_options(lines, common, {})
  for _, option in ipairs(common._options) do
    known[table.concat(option._aliases, ", ") .. (option._description or "")] = true
  end
  lines[#lines + 1] = ".Sh COMMANDS"
  for _, group in ipairs(parser._commands) do
    local name = group._name:gsub("%-", "\\-")
    local verbs = #group._commands > 0 and group._commands or { group }
    for _, leaf in ipairs(verbs) do
      lines[#lines + 1] = ".Ss " .. name .. (leaf ~= group and " " .. words(leaf._name:gsub("%-", "\\-")) or "")
      lines[#lines + 1] = wrap(leaf._summary or leaf._description or "")
      add_options(lines, leaf, known)
    end
  end
  lines[#lines + 1] = TAIL
  lines[#lines + 1] = exit_codes()
  lines[#lines + 1] = EXAMPLES
  return table.concat(lines, "\n") .. "\n"
end

return manual
