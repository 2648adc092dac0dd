-- A profile of the vendor's CLI, in every mode.
-- SPDX-License-Identifier: MIT
local fake_sources = require "spec.support.fake_sources"
local credentials = require "fnf.credentials"
local json = require "fnf.json"
local source_rows = require "spec.support.source_rows"

local temporary, assumed = fake_sources.temporary, fake_sources.assumed
local TOKEN, ROLES, STS, CONFIG = source_rows.TOKEN, source_rows.ROLES, source_rows.STS, source_rows.CONFIG
local ROLE, NO_ECS, AK, KEYS = source_rows.ROLE, source_rows.NO_ECS, source_rows.AK, source_rows.KEYS
local merge, config, profile, ecs = source_rows.merge, source_rows.config, source_rows.profile, source_rows.ecs

local rows = {
  { "a file without a current profile has none to take", files = { [CONFIG] = json.encode { profiles = { AK } } },
    env = NO_ECS, error = "does not say which profile is current, and ALIBABA_CLOUD_PROFILE names none" },
  { "a named profile", given = function() return credentials.profile "prod" end,
    files = config(AK, { name = "prod", mode = "AK", access_key_id = "id-prod", access_key_secret = "s3cr3t" }),
    id = "id-prod", source = "cli_profile/static_ak" },
  { "the variable names the profile", env = { ALIBABA_CLOUD_PROFILE = "prod" },
    files = config(AK, { name = "prod", mode = "AK", access_key_id = "id-prod", access_key_secret = "s3cr3t" }),
    id = "id-prod" },
  { "a given name beats the variable", given = function() return credentials.profile "default" end,
    env = { ALIBABA_CLOUD_PROFILE = "prod" }, files = config(AK), id = "id-cli" },
  { "a misspelt profile is told the right one", given = function() return credentials.profile "Prod" end,
    files = config(AK, { name = "prod", mode = "AK" }), error = "has no profile Prod (did you mean prod?)" },
  { "an unknown profile is an error", given = function() return credentials.profile "none" end, files = config(AK),
    error = "has no profile none" },
  { "no profiles are an error", env = NO_ECS, files = { [CONFIG] = '{"current":"default","profiles":[]}' },
    error = "is no JSON object with profiles" },
  { "another file by its variable", env = { ALIBABA_CLOUD_CONFIG_FILE = "~/else.json" },
    files = { ["else.json"] = json.encode { current = "a", profiles = { merge(AK, { name = "a" }) } } },
      id = "id-cli" },
  { "a mode in lower case is refused, as the libraries do", env = NO_ECS, files = config(profile("ak", KEYS)),
    error = "mode ak, which is not supported (did you mean AK?)" },
  { "an empty mode is refused", env = NO_ECS, files = config(profile("", KEYS)), error = "which is not supported" },
  { "a mode that only the CLI knows is refused", env = NO_ECS, files = config(profile("Anonymous")),
    error = "the mode Anonymous, which is not supported" },
  { "AK fills an empty secret from the environment", given = credentials.profile,
    env = { ALIBABA_CLOUD_ACCESS_KEY_SECRET = "s3cr3t-env" },
    files = config(profile("AK", { access_key_id = "id-cli", access_key_secret = "" })), id = "id-cli" },
  { "AK without a secret anywhere", given = credentials.profile, files = config(profile("AK",
    { access_key_id = "id" })),
    error = "access_key_secret is missing" },
  { "StsToken", files = config(profile("StsToken", KEYS, { sts_token = "s3cr3t-sts" })),
    id = "id-cli", token = "s3cr3t-sts", source = "default/cli_profile/static_sts" },
  { "StsToken without a token", given = credentials.profile, files = config(profile("StsToken", KEYS)),
    error = "sts_token is empty" },
  { "ChainableRamRoleArn", id = "STS.chained", answers = { [STS] = assumed "chained" },
    files = config(profile("ChainableRamRoleArn", { source_profile = "base", ram_role_arn = ROLE }),
      merge(AK, { name = "base" })), source = "default/cli_profile/ram_role_arn/static_ak",
    query = { AccessKeyId = "id-cli" } },
  { "ChainableRamRoleArn over two roles", id = "STS.2", given = credentials.profile,
    answers = { [STS] = function(sent) return assumed(sent.query.AccessKeyId == "STS.1" and "2" or "1") end },
    files = config(profile("ChainableRamRoleArn", { source_profile = "middle", ram_role_arn = ROLE }),
      merge(AK, { name = "middle", mode = "RamRoleArn", ram_role_arn = ROLE })),
    source = "cli_profile/ram_role_arn/ram_role_arn/static_ak", asked = { STS, STS } },
  { "ChainableRamRoleArn in a circle", given = credentials.profile, asked = {},
    files = config(profile("ChainableRamRoleArn", { source_profile = "b", ram_role_arn = ROLE }),
      { name = "b", mode = "ChainableRamRoleArn", source_profile = "default", ram_role_arn = ROLE }),
    error = "is its own source_profile" },
  { "EcsRamRole with a name saves a request", id = "STS.ecs", answers = ecs(),
    files = config(profile("EcsRamRole", { ram_role_name = "role-name" })), asked = { TOKEN, ROLES .. "role-name" },
    source = "default/cli_profile/ecs_ram_role" },
  { "EcsRamRole is left out with its source", given = credentials.profile, env = NO_ECS, answers = ecs(), asked = {},
    files = config(profile("EcsRamRole", {})), error = "ALIBABA_CLOUD_ECS_METADATA_DISABLED is true" },
  { "OIDC in a profile", id = "STS.oidc", answers = { [STS] = assumed "oidc" }, files = { token = "s3cr3t.jwt\n" },
    config_of = function(home) return config(profile("OIDC", { oidc_provider_arn = "p", ram_role_arn = ROLE,
      ram_session_name = "me", expired_seconds = 1000, oidc_token_file = home .. "/token" })) end,
    source = "default/cli_profile/oidc_role_arn", unsigned = true,
    form = { OIDCProviderArn = "p", OIDCToken = "s3cr3t.jwt", RoleSessionName = "me", DurationSeconds = "1000" } },
  { "External", id = "id-ext",
    programs = { ["bin/keys"] = [[echo '{"mode":"AK","access_key_id":"id-ext","access_key_secret":"s3cr3t-x"}']] },
    config_of = function(home) return config(profile("External", { process_command = home .. "/bin/keys" })) end,
    source = "default/cli_profile/external" },
  { "External is left out by its variable", given = credentials.profile,
    env = { ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS = "1" },
    files = config(profile("External", { process_command = "true" })), error = "EXTERNAL_PROCESS is set" },
  { "External without a command", given = credentials.profile, files = config(profile("External")),
    error = "is empty" },
  { "CredentialsURI in a profile", id = "STS.uri", answers = { ["GET https://keys.example.com/x"] = temporary "uri" },
    files = config(profile("CredentialsURI", { credentials_uri = "https://keys.example.com/x?a=s3cr3t" })),
    source = "default/cli_profile/credential_uri" },
  { "CredentialsURI is left out by the variable of programs", given = credentials.profile, asked = {},
    env = { ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS = "true" },
    files = config(profile("CredentialsURI", { credentials_uri = "https://keys.example.com/x" })),
    error = "EXTERNAL_PROCESS is set" },
  { "12.20: a mark before the braces", id = "id-cli", files = { [CONFIG] = "\239\187\191" .. config(AK)[CONFIG] } },
  { "12.20: a key with quotes in it", given = credentials.profile, error = "access_key_id holds a quote",
    files = config(profile("AK", { access_key_id = '"id-cli"', access_key_secret = "s3cr3t" })) },
}

describe("the CLI's configuration:", function()
  for _, row in ipairs(rows) do
    it(row[1], function() source_rows.check(row) end)
  end
end)

describe("a profile with fields of wrong types", function()
  local FIELDS = { "name", "mode", "access_key_id", "access_key_secret", "sts_token", "ram_role_arn",
    "ram_session_name", "expired_seconds", "sts_region", "sts_endpoint", "policy", "external_id", "source_profile",
    "ram_role_name",
    "oidc_provider_arn", "oidc_token_file", "cloud_sso_sign_in_url", "access_token", "cloud_sso_access_token_expire",
    "oauth_site_type", "oauth_refresh_token", "oauth_access_token", "oauth_access_token_expire", "sts_expiration",
    "process_command", "credentials_uri", "cloud_sso_account_id", "cloud_sso_access_config" }
  local GOOD = { name = "default", access_key_id = "id", access_key_secret = fake_sources.mark,
    sts_token = fake_sources.mark,
    ram_role_arn = "acs:ram::1:role/r", source_profile = "other", oidc_provider_arn = "p", oidc_token_file = "/none",
    cloud_sso_sign_in_url = "https://h/x", access_token = fake_sources.mark, cloud_sso_access_token_expire = 1800000000,
    oauth_site_type = "CN", oauth_refresh_token = fake_sources.mark, process_command = "false",
    credentials_uri = "https://h/x" }

  for _, mode in ipairs { "AK", "StsToken", "RamRoleArn", "ChainableRamRoleArn", "EcsRamRole", "OIDC", "CloudSSO",
    "OAuth", "External", "CredentialsURI" } do
    it("is an error or a key, and never raises: " .. mode, function()
      local place = fake_sources.new { files = { [".aliyun/config.json"] = "" } }
      for _, field in ipairs(FIELDS) do
        for _, wrong in ipairs { 5, true, {}, "a b\n", "a\0b", "1e400" } do
          local given = { mode = mode }
          for name, value in pairs(GOOD) do
            given[name] = value
          end
          given[field] = wrong
          local file = assert(io.open(place.home.path .. "/.aliyun/config.json", "w"))
          file:write((json.encode { current = "default", profiles = { given, merge(AK, { name = "other" }) } }
            :gsub('"1e400"', "1e400")))
          file:close()
          place.events = {}
          local client = place:client { credentials = credentials.profile(), max_attempts = 1 }
          local run, err = client:describe_map_run(fake_sources.names)
          assert.is_true(run ~= nil or err.kind == "credentials", field)
          assert.is_nil(place:printed(err, tostring(err)):find(fake_sources.mark, 1, true), field)
        end
      end
      place:close()
    end)
  end
end)
