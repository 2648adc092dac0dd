-- A section of the credentials file.
-- SPDX-License-Identifier: MIT
local bank = require "spec.support.bank"
local credentials = require "fnf.credentials"
local source_rows = require "spec.support.source_rows"

local assumed = bank.assumed
local STS, INI, ROLE, NO_ECS = source_rows.STS, source_rows.INI, source_rows.ROLE, source_rows.NO_ECS
local merge, ini, ecs = source_rows.merge, source_rows.ini, source_rows.ecs

local rows = {
  { "comments, blanks and other sections", files = ini(
    "# s3cr3t\n[other]\ntype = access_key\naccess_key_id = x\n\n[default] ; the one\n  type = access_key # AK\n"
    .. "access_key_id = id-ini ; yes\r\naccess_key_secret = s3cr3t#1\n"), id = "id-ini" },
  { "a named section", given = function() return credentials.profile "prod" end, source = "profile/static_ak",
    files = ini "[prod]\ntype = access_key\naccess_key_id = id-prod\naccess_key_secret = s3cr3t\n", id = "id-prod" },
  { "the file that one library names otherwise", id = "id-py", files = {
    [INI .. ".ini"] = "[default]\ntype=access_key\naccess_key_id=id-py\naccess_key_secret=s3cr3t\n" } },
  { "another file by its variable, in INI", env = { ALIBABA_CLOUD_CREDENTIALS_FILE = "~/keys" }, id = "id-else",
    files = { keys = "[default]\ntype=access_key\naccess_key_id=id-else\naccess_key_secret=s3cr3t\n" } },
  { "a section that is missing", env = merge(NO_ECS, { ALIBABA_CLOUD_PROFILE = "none" }), files = ini "[default]\n",
    error = "has no section [none]" },
  { "a type that is not supported", env = NO_ECS, files = ini "[default]\ntype = rsa_key_pair\n",
    error = "the type rsa_key_pair, which is not supported" },
  { "a role in the credentials file", id = "STS.ini", answers = { [STS] = assumed "ini" },
    files = ini("[default]\ntype=ram_role_arn\naccess_key_id=id-ini\naccess_key_secret=s3cr3t\nrole_arn=" .. ROLE
      .. "\nrole_session_name=me\npolicy={}\n"), source = "default/profile/ram_role_arn/static_ak",
    form = { RoleArn = ROLE, RoleSessionName = "me", Policy = "{}", DurationSeconds = "3600" } },
  { "an ECS role in the credentials file", id = "STS.ecs", answers = ecs(),
    files = ini "[default]\ntype = ecs_ram_role\nrole_name = role-name\n", source = "default/profile/ecs_ram_role" },
  { "an OIDC role in the credentials file", given = credentials.profile, asked = {},
    files = ini("[default]\ntype=oidc_role_arn\noidc_provider_arn=p\noidc_token_file_path=/none\nrole_arn=" .. ROLE),
    error = "cannot read the OIDC token /none (No such file or directory)" },
}

describe("the credentials file:", function()
  for _, row in ipairs(rows) do
    it(row[1], function() source_rows.check(row) end)
  end
end)
