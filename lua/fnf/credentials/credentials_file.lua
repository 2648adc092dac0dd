--- A section of the credentials file (~/.alibabacloud/credentials), an INI file.
-- SPDX-License-Identifier: MIT

local ecs_ram_role = require "fnf.credentials.ecs_ram_role"
local errors = require "fnf.errors"
local input = require "fnf.credentials.input"
local keys = require "fnf.credentials.keys"
local parse = require "fnf.credentials.parse"
local sts = require "fnf.credentials.sts"

local credentials_file = {}

local WHAT = "the credentials file"
local NAMES = { access_key_id = "access_key_id", access_key_secret = "access_key_secret" }
--- The libraries disagree about the name.
local PLACES = { ".alibabacloud/credentials", ".alibabacloud/credentials.ini" }

--- The key of a line and the text of its value; neither where there is no key. It may stand in double or back quotes.
local function read_key(line)
  local quote = line:match('^"""') or line:match('^["`]')
  local last = quote and line:find(quote, #quote + 1, true)
  local mark = line:find("[=:]", last and last + #quote)
  if not mark or mark == 1 or quote and not last then
    return nil
  end
  local key = quote and line:sub(#quote + 1, last - 1) or line:sub(1, mark - 1)
  return parse.trim(key), parse.trim(line:sub(mark + 1))
end

--- A value without its comment and without a pair of quotes around it. In back quotes or three quotes all is value.
local function read_value(text)
  local quote = text:match('^"""') or text:match("^`")
  local last = quote and text:reverse():find(quote, 1, true)
  if last and #text - last >= 2 * #quote - 1 then
    return text:sub(#quote + 1, -last - #quote)
  end
  local comment = text:find("[#;]")
  text = comment and parse.trim(text:sub(1, comment - 1)) or text
  return text:match('^"([^"]*)"$') or text:match("^'([^']*)'$") or text
end

--- A value that goes on in the next line after a backslash, in one piece.
local function join(value, next_line)
  local parts = {}
  while value:sub(-1) == "\\" do
    parts[#parts + 1], value = value:sub(1, -2), parse.trim(next_line() or "")
  end
  parts[#parts + 1] = value
  return table.concat(parts)
end

--- Sections by name, as the vendor's Go library reads them: `key = value` or `key: value`, comments from # or ; on. A
--- line that is none of these is passed over.
---@param content string
---@return table<string, table<string, string>>
function credentials_file.parse(content)
  local sections, section = {}, nil
  local next_line = content:gsub("\r\n?", "\n"):gmatch("([^\n]*)\n?")
  for read in next_line do
    local line = parse.trim(read)
    local name = line:match("^%[([^%]]*)%]")
    if name then
      name = parse.trim(name)
      section = sections[name] or {}
      sections[name] = section
    elseif section and not line:find("^[#;]") then
      local key, value = read_key(line)
      if key then
        value = value:sub(-1) == "\\" and join(value, next_line) or read_value(value)
        section[key] = value ~= "" and value or nil
      end
    end
  end
  return sections
end

local function role_settings(section)
  return { role_arn = section.role_arn, session_name = section.role_session_name, policy = section.policy }
end

--- What each type does (CREDENTIALS.md section 4).
local types = {
  access_key = function(context, section)
    return keys.of_profile(context, section, NAMES)
  end,
  ecs_ram_role = function(context, section)
    return ecs_ram_role.fetch(context, { role_name = section.role_name })
  end,
  ram_role_arn = function(context, section)
    local key, err = keys.of_profile(context, section, NAMES)
    if not key then
      return nil, err
    end
    return sts.assume_role.fetch(context, role_settings(section), keys.provider(key))
  end,
  oidc_role_arn = function(context, section)
    local settings = role_settings(section)
    settings.provider_arn, settings.token_file = section.oidc_provider_arn, section.oidc_token_file_path
    return sts.oidc.fetch(context, settings)
  end,
}

local function read(context)
  local path = input.variable(context, "ALIBABA_CLOUD_CREDENTIALS_FILE")
  if path then
    return input.read_private(context, path, WHAT)
  end
  local first
  for _, place in ipairs(PLACES) do
    path = input.below_home(context, place)
    if not path then
      return nil, errors.credentials("no home directory: HOME is not set")
    end
    local content, err = input.read_private(context, path, WHAT)
    if content then
      return content
    end
    first = first or err
  end
  return nil, first
end

--- The credentials of a section.
---@param context fnf.CallContext
---@param settings { name?: string } without a name: ALIBABA_CLOUD_PROFILE, else "default"
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function credentials_file.fetch(context, settings)
  local content, err = read(context)
  if not content then
    return nil, err
  end
  local name = settings.name or input.variable(context, "ALIBABA_CLOUD_PROFILE") or "default"
  local section = credentials_file.parse(content)[name]
  if not section then
    return nil, errors.credentials(("%s has no section [%s]"):format(WHAT, name))
  elseif (section.type or "") == "" then
    return nil, errors.credentials(("section [%s] has no type; write type = access_key above its key"):format(name))
  elseif not types[section.type] then
    return nil, errors.credentials(("section [%s] has the type %s, which is not supported"):format(name, section.type))
  end
  local found
  found, err = types[section.type](context, section)
  if found then
    found.source = "profile/" .. found.source
  end
  return found, err
end

return credentials_file
