-- A section of the credentials file.
-- SPDX-License-Identifier: MIT
local fake_sources = require "spec.support.fake_sources"
local credentials = require "fnf.credentials"
local credentials_file = require "fnf.credentials.credentials_file"
local source_rows = require "spec.support.source_rows"

local assumed = fake_sources.assumed
local STS, INI, ROLE, NO_ECS = source_rows.STS, source_rows.INI, source_rows.ROLE, source_rows.NO_ECS
local merge, ini, ecs = source_rows.merge, source_rows.ini, source_rows.ecs
local BOM = "\239\187\191"

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
  { "a section without a type is told so", env = NO_ECS, files = ini "[default]\naccess_key_id = x\n",
    error = "section [default] has no type; write type = access_key" },
  { "a section with an empty type", env = NO_ECS, files = ini "[default]\ntype =\n", error = "has no type" },
  { "a role in the credentials file", id = "STS.ini", answers = { [STS] = assumed "ini" },
    files = ini("[default]\ntype=ram_role_arn\naccess_key_id=id-ini\naccess_key_secret=s3cr3t\nrole_arn=" .. ROLE
      .. "\nrole_session_name=me\npolicy={}\n"), source = "default/profile/ram_role_arn/static_ak",
    form = { RoleArn = ROLE, RoleSessionName = "me", Policy = "{}", DurationSeconds = "3600" } },
  { "a role without a key to assume it with", given = credentials.profile, asked = {},
    files = ini("[default]\ntype=ram_role_arn\nrole_arn=" .. ROLE), error = "access_key_id" },
  { "an ECS role in the credentials file", id = "STS.ecs", answers = ecs(),
    files = ini "[default]\ntype = ecs_ram_role\nrole_name = role-name\n", source = "default/profile/ecs_ram_role" },
  { "an OIDC role in the credentials file", given = credentials.profile, asked = {},
    files = ini("[default]\ntype=oidc_role_arn\noidc_provider_arn=p\noidc_token_file_path=/none\nrole_arn=" .. ROLE),
    error = "cannot read the OIDC token /none (No such file or directory)" },
  { "12.20: a mark before the first section", id = "id-ini",
    files = ini(BOM .. "[default]\r\ntype: access_key\r\naccess_key_id: 'id-ini'\r\n"
      .. 'access_key_secret: "s3cr3t"\r\n') },
  { "12.20: a value with half a pair of quotes", given = credentials.profile,
    files = ini '[default]\ntype=access_key\naccess_key_id=id-ini\naccess_key_secret="s3cr3t\n',
    error = "access_key_secret holds a quote (was it copied with the quotes around it?)" },
  { "12.20: a file as UTF-16", given = credentials.profile, files = ini "\255\254[\0d\0e\0f\0",
    error = "is UTF-16; save it as UTF-8" },
}

describe("the credentials file:", function()
  for _, row in ipairs(rows) do
    it(row[1], function() source_rows.check(row) end)
  end
end)

describe("the reading of a credentials file", function()
  -- what, text of the section, key and value of it
  for _, row in ipairs {
    { "a pair of double quotes", 'id = "LTAI"', "id", "LTAI" },
    { "a pair of single quotes", "id='LTAI'", "id", "LTAI" },
    { "a pair of back quotes", "id = `a#b;c`", "id", "a#b;c" },
    { "three quotes", 'id = """a "b" c"""', "id", 'a "b" c' },
    { "an empty pair", 'id = ""', "id", nil },
    { "quotes that are no pair", [[id = "a'b]], "id", [["a'b]] },
    { "more than a pair", [[id = "a"b"]], "id", [["a"b"]] },
    { "a pair and a comment", 'id = "LTAI" # yes', "id", "LTAI" },
    { "a colon", "id: LTAI", "id", "LTAI" },
    { "a colon, and more of them in the value", "arn : acs:ram::1:role/r", "arn", "acs:ram::1:role/r" },
    { "an equals sign before a colon", "arn=acs:ram::1:role/r=", "arn", "acs:ram::1:role/r=" },
    { "a key in quotes", '"id" = LTAI', "id", "LTAI" },
    { "a key in back quotes", "`id`: LTAI", "id", "LTAI" },
    { "a comment without a blank", "id = LTAI#yes", "id", "LTAI" },
    { "a comment with a semicolon", "id = LTAI;yes", "id", "LTAI" },
    { "a comment alone", "#id = LTAI", "#id", nil },
    { "tabs and blanks", "\t id \t=\t LTAI \t", "id", "LTAI" },
    { "a value in two lines", "policy = {\\\n  }", "policy", "{}" },
    { "a value that breaks off", "id = LTAI\\\n", "id", "LTAI" },
    { "lines as Windows ends them", "a = b\r\nid = LTAI\r\n", "id", "LTAI" },
    { "a key that comes twice", "id = x\nid = LTAI", "id", "LTAI" },
    { "no key", "= LTAI", "", nil },
    { "no value", "id =", "id", nil },
    { "an open quote of a key", '"id = LTAI', "id", nil },
    { "a word alone", "id", "id", nil },
  } do
    it("12.20: takes " .. row[1], function()
      local sections = credentials_file.parse("[other]\n[default]\n" .. row[2] .. "\n[more]\nid = other\n")
      assert.are.equal(row[4], sections.default[row[3]])
      assert.are.equal("other", sections.more.id)
    end)
  end

  it("12.20: puts the parts of a section together", function()
    local sections = credentials_file.parse("[a]\nx = 1\n[ b ] ; see [c]\ny = 2\n[a]\nz = 3")
    assert.are.same({ a = { x = "1", z = "3" }, b = { y = "2" } }, sections)
  end)
end)
