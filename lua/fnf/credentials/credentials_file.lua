--- A section of the credentials file (~/.alibabacloud/credentials), an INI file.
-- SPDX-License-Identifier: MIT

local ecs_ram_role = require "fnf.credentials.ecs_ram_role"
local errors = require "fnf.errors"
local input = require "fnf.credentials.input"
local keys = require "fnf.credentials.keys"
local sts = require "fnf.credentials.sts"

local credentials_file = {}

local WHAT = "the credentials file"
local NAMES = { access_key_id = "access_key_id", access_key_secret = "access_key_secret" }
--- The libraries disagree about the name.
local PLACES = { ".alibabacloud/credentials", ".alibabacloud/credentials.ini" }

--- Sections by name. A comment begins with # or ; at the start of a line or after a blank.
---@param content string
---@return table<string, table<string, string>>
function credentials_file.parse(content)
  local sections, section = {}, nil
  for line in content:gmatch("[^\r\n]+") do
    line = (" " .. line):gsub("%s[#;].*$", ""):match("^%s*(.-)%s*$")
    local name = line:match("^%[%s*(.-)%s*%]$")
    if name then
      section = sections[name] or {}
      sections[name] = section
    elseif section then
      local key, value = line:match("^([%w_.-]+)%s*=%s*(.*)$")
      if key then
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
  elseif not types[section.type] then
    return nil, errors.credentials(("section [%s] has the type %s, which is not supported"):format(name,
      section.type or '""'))
  end
  local found
  found, err = types[section.type](context, section)
  if found then
    found.source = "profile/" .. found.source
  end
  return found, err
end

return credentials_file
