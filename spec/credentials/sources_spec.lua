-- Where a key comes from: one row a case, each through a whole call, with real files in a temporary home.
-- SPDX-License-Identifier: MIT
local bank = require "spec.support.bank"
local credentials = require "fnf.credentials"
local json = require "fnf.json"

local temporary, assumed, at = bank.temporary, bank.assumed, bank.at

local ECS = "http://100.100.100.200/latest/"
local TOKEN, ROLES = "PUT " .. ECS .. "api/token", "GET " .. ECS .. "meta-data/ram/security-credentials/"
local STS = "POST https://sts.aliyuncs.com/"
local CONFIG, INI = ".aliyun/config.json", ".alibabacloud/credentials"
local ROLE = "acs:ram::1:role/r"

local ENV = { ALIBABA_CLOUD_ACCESS_KEY_ID = "id-env", ALIBABA_CLOUD_ACCESS_KEY_SECRET = "s3cr3t-env" }
local OIDC = { ALIBABA_CLOUD_ROLE_ARN = ROLE, ALIBABA_CLOUD_OIDC_PROVIDER_ARN = "acs:ram::1:oidc-provider/p",
  ALIBABA_CLOUD_OIDC_TOKEN_FILE = "~/token" }
local URI = { ALIBABA_CLOUD_CREDENTIALS_URI = "http://127.0.0.1:9/keys?who=s3cr3t" }
local NO_ECS = { ALIBABA_CLOUD_ECS_METADATA_DISABLED = "TRUE" }

local AK = { name = "default", mode = "AK", access_key_id = "id-cli", access_key_secret = "s3cr3t-cli" }
local KEYS = { access_key_id = "id-cli", access_key_secret = "s3cr3t-cli" }

local function merge(...)
  local all = {}
  for index = 1, select("#", ...) do
    for name, value in pairs((select(index, ...))) do
      all[name] = value
    end
  end
  return all
end

--- A CLI configuration of these profiles, the first one current.
local function config(...)
  return { [CONFIG] = json.encode { current = (...).name, profiles = { ... }, meta_path = "" } }
end

local function profile(mode, ...)
  return merge({ name = "default", mode = mode }, ...)
end

local function ini(text)
  return { [INI] = text }
end

local function ecs(answer)
  return { [TOKEN] = "s3cr3t-metadata", [ROLES] = "role-name\n", [ROLES .. "role-name"] = answer or temporary "ecs" }
end

--- An answer only to those who bring no metadata token.
local function only_without(body)
  return function(sent)
    return sent.headers["x-aliyun-ecs-metadata-token"] and { status = 403, body = "" } or body
  end
end

-- A row: the case in words; env, files, mode, programs, fifos, answers; given: a function that makes the `credentials`
-- option; then id, token and source of the key that signs, or error: words of the message. Also: asked (every other
-- request, in order), form and query (of the STS call), warns (words of a warning, false for none), direct (by no
-- proxy) and its timeout (seconds), unsigned (the STS call), fixed (nothing is told, for nothing is renewed).
local rows = {
  -- the chain
  { "the environment comes first", env = merge(ENV, URI), files = config(AK), answers = ecs(),
    id = "id-env", source = "default/env", asked = {} },
  { "a token of the environment goes along", env = merge(ENV, { ALIBABA_CLOUD_SECURITY_TOKEN = "s3cr3t-t" }),
    id = "id-env", token = "s3cr3t-t", source = "default/env" },
  { "an id without a secret is no key", env = merge({ ALIBABA_CLOUD_ACCESS_KEY_ID = "id-env" }), files = config(AK),
    id = "id-cli", source = "default/cli_profile/static_ak" },
  { "an empty variable is an unset one", env = merge(ENV, { ALIBABA_CLOUD_ACCESS_KEY_SECRET = "" }), files = config(AK),
    id = "id-cli", source = "default/cli_profile/static_ak" },
  { "a secret with a line break is refused, and the chain goes on", files = config(AK),
    env = merge(ENV, { ALIBABA_CLOUD_ACCESS_KEY_SECRET = "s3cr3t\n" }), id = "id-cli" },
  { "the OIDC role comes before the CLI's configuration", env = OIDC, files = merge(config(AK),
    { token = "s3cr3t-jwt" }),
    answers = { [STS] = assumed "oidc" }, id = "STS.oidc", token = "s3cr3t-token-oidc",
      source = "default/oidc_role_arn" },
  { "an OIDC role that is refused gives way to the next", env = OIDC,
    files = merge(config(AK), { token = "s3cr3t-jwt" }),
    answers = { [STS] = { status = 403, body = '{"Code":"NoPermission","Message":"no"}' } }, id = "id-cli" },
  { "the OIDC role takes no part if one variable is unset", files = config(AK), asked = {},
    env = merge(OIDC, { ALIBABA_CLOUD_OIDC_TOKEN_FILE = "" }), id = "id-cli" },
  { "the CLI's configuration comes before the credentials file", files = merge(config(AK),
    ini "[default]\ntype = access_key\naccess_key_id = id-ini\naccess_key_secret = s3cr3t-ini\n"),
    id = "id-cli", source = "default/cli_profile/static_ak" },
  { "the CLI's configuration can be left out", env = { ALIBABA_CLOUD_CLI_PROFILE_DISABLED = "True" },
    files = merge(config(AK),
      ini "[default]\ntype = access_key\naccess_key_id = id-ini\naccess_key_secret = s3cr3t-ini\n"),
    id = "id-ini", source = "default/profile/static_ak" },
  { "the credentials file comes before the metadata", answers = ecs(), asked = {},
    files = ini "[default]\ntype=access_key\naccess_key_id=id-ini\naccess_key_secret=s3cr3t-ini\n", id = "id-ini" },
  { "the metadata comes before the URI", env = URI, answers = ecs(), id = "STS.ecs", source = "default/ecs_ram_role" },
  { "the URI comes last", env = merge(URI, NO_ECS), answers = { ["GET http://127.0.0.1:9/keys"] = temporary "uri" },
    id = "STS.uri", token = "s3cr3t-token-uri", source = "default/credential_uri",
    asked = { "GET http://127.0.0.1:9/keys" } },
  { "without a URI none is asked", env = NO_ECS, asked = {}, error = "ALIBABA_CLOUD_CREDENTIALS_URI is not set" },
  { "a broken configuration gives way to the next", files = merge({ [CONFIG] = "{" },
    ini "[default]\ntype=access_key\naccess_key_id=id-ini\naccess_key_secret=s3cr3t-ini\n"), id = "id-ini" },

  -- the environment alone
  { "env alone is enough", given = credentials.env, env = ENV, id = "id-env", source = "env" },
  { "env alone names what is missing", given = credentials.env, files = config(AK),
    error = "ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET are not set" },
  { "env refuses blanks with a hint", given = credentials.env,
    env = merge(ENV, { ALIBABA_CLOUD_ACCESS_KEY_SECRET = " s3cr3t" }),
    error = "ALIBABA_CLOUD_ACCESS_KEY_SECRET begins or ends with a blank or line break" },
  { "env refuses control characters with a hint", given = credentials.env,
    env = merge(ENV, { ALIBABA_CLOUD_SECURITY_TOKEN = "s3cr3t\1x" }),
    error = "ALIBABA_CLOUD_SECURITY_TOKEN holds a blank or control character" },

  -- the CLI's configuration
  { "a file without a current profile has none to take", files = { [CONFIG] = json.encode { profiles = { AK } } },
    env = NO_ECS, error = "has no profile by an empty name" },
  { "a named profile", given = function() return credentials.profile "prod" end,
    files = config(AK, { name = "prod", mode = "AK", access_key_id = "id-prod", access_key_secret = "s3cr3t" }),
    id = "id-prod", source = "cli_profile/static_ak" },
  { "the variable names the profile", env = { ALIBABA_CLOUD_PROFILE = "prod" },
    files = config(AK, { name = "prod", mode = "AK", access_key_id = "id-prod", access_key_secret = "s3cr3t" }),
    id = "id-prod" },
  { "a given name beats the variable", given = function() return credentials.profile "default" end,
    env = { ALIBABA_CLOUD_PROFILE = "prod" }, files = config(AK), id = "id-cli" },
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
  { "RamRoleArn", answers = { [STS] = assumed "ram" }, id = "STS.ram", token = "s3cr3t-token-ram",
    files = config(profile("RamRoleArn", KEYS, { ram_role_arn = ROLE, ram_session_name = "me", expired_seconds = 900,
      policy = '{"Version": "1"}', external_id = "x" })), source = "default/cli_profile/ram_role_arn/static_ak",
    form = { RoleArn = ROLE, RoleSessionName = "me", DurationSeconds = "900", Policy = '{"Version": "1"}',
      ExternalId = "x" } },
  { "RamRoleArn with a token of its own", answers = { [STS] = assumed "ram" }, id = "STS.ram",
    files = config(profile("RamRoleArn", KEYS, { sts_token = "s3cr3t-sts", ram_role_arn = ROLE })),
    query = { AccessKeyId = "id-cli", SecurityToken = "s3cr3t-sts" } },
  { "RamRoleArn takes role and session name from the environment", answers = { [STS] = assumed "ram" }, id = "STS.ram",
    env = { ALIBABA_CLOUD_ROLE_ARN = ROLE, ALIBABA_CLOUD_ROLE_SESSION_NAME = "pod@1" },
    files = config(profile("RamRoleArn", KEYS)), form = { RoleArn = ROLE, RoleSessionName = "pod@1" } },
  { "a session name and a duration follow where none is chosen", answers = { [STS] = assumed "ram" }, id = "STS.ram",
    files = config(profile("RamRoleArn", KEYS, { ram_role_arn = ROLE, ram_session_name = "", expired_seconds = 0 })),
    form = { RoleSessionName = "credentials-lua-1790000000", DurationSeconds = "3600" } },
  { "a duration below 900 s is refused before the call", given = credentials.profile, asked = {},
    files = config(profile("RamRoleArn", KEYS, { ram_role_arn = ROLE, expired_seconds = 899 })),
    error = "must be at least 900 s" },
  { "a session name out of its pattern is refused before the call", given = credentials.profile, asked = {},
    files = config(profile("RamRoleArn", KEYS, { ram_role_arn = ROLE, ram_session_name = "a b" })),
    error = "2 to 64 of letters" },
  { "no role at all", given = credentials.profile, asked = {}, files = config(profile("RamRoleArn", KEYS)),
    error = "ALIBABA_CLOUD_ROLE_ARN is not set" },
  { "STS by the profile's region", id = "STS.ram",
    env = { ALIBABA_CLOUD_STS_REGION = "cn-shanghai" },
    answers = { ["POST https://sts.cn-beijing.aliyuncs.com/"] = assumed "ram" },
    files = config(profile("RamRoleArn", KEYS, { ram_role_arn = ROLE, sts_region = "cn-beijing" })) },
  { "STS by the variable's region", id = "STS.ram", env = { ALIBABA_CLOUD_STS_REGION = "cn-shanghai" },
    answers = { ["POST https://sts.cn-shanghai.aliyuncs.com/"] = assumed "ram" },
    files = config(profile("RamRoleArn", KEYS, { ram_role_arn = ROLE })) },
  { "STS inside a VPC", id = "STS.ram",
    env = { ALIBABA_CLOUD_STS_REGION = "cn-shanghai", ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED = "true" },
    answers = { ["POST https://sts-vpc.cn-shanghai.aliyuncs.com/"] = assumed "ram" },
    files = config(profile("RamRoleArn", KEYS, { ram_role_arn = ROLE })) },
  { "STS inside a VPC without a region is the central one", id = "STS.ram", answers = { [STS] = assumed "ram" },
    files = config(profile("RamRoleArn", KEYS, { ram_role_arn = ROLE, enable_vpc = true })) },
  { "STS at an address of the profile", id = "STS.ram", answers = { ["POST https://sts.example.com/"] = assumed "ram" },
    files = config(profile("RamRoleArn", KEYS, { ram_role_arn = ROLE, sts_endpoint = "sts.example.com" })) },
  { "STS by plain http elsewhere is refused", given = credentials.profile, asked = {},
    files = config(profile("RamRoleArn", KEYS, { ram_role_arn = ROLE, sts_endpoint = "http://sts.example.com" })),
    error = "the STS endpoint must begin with https://" },
  { "what STS refuses is told with its code", given = credentials.profile,
    answers = { [STS] = { status = 404, body = '{"Code":"EntityNotExist.Role","Message":"no such role"}' } },
    files = config(profile("RamRoleArn", KEYS, { ram_role_arn = ROLE })), error = "EntityNotExist.Role (404)" },
  { "an answer of STS without a secret is refused", given = credentials.profile,
    answers = { [STS] = { Credentials = { AccessKeyId = "STS.x", SecurityToken = "s3cr3t", Expiration = at(99) } } },
    files = config(profile("RamRoleArn", KEYS, { ram_role_arn = ROLE })),
    error = "the answer's AccessKeySecret is empty" },
  { "an answer of STS without an end is refused", given = credentials.profile,
    answers = { [STS] = { Credentials = merge(temporary "x", { Expiration = "soon" }) } },
    files = config(profile("RamRoleArn", KEYS, { ram_role_arn = ROLE })),
      error = "the answer's Expiration is no time" },
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
  { "CloudSSO", id = "STS.sso", token = "s3cr3t-token-sso",
    answers = { ["POST https://signin.example.com/cloud-credentials"] = { CloudCredential = temporary "sso" } },
    files = config(profile("CloudSSO", { cloud_sso_sign_in_url = "https://signin.example.com/d/login",
      cloud_sso_account_id = "1", cloud_sso_access_config = "ac", access_token = "s3cr3t-access",
      cloud_sso_access_token_expire = 1790000100 })), source = "default/cli_profile/cloud_sso" },
  { "CloudSSO after its sign-in is over", given = credentials.profile, asked = {},
    files = config(profile("CloudSSO", { cloud_sso_sign_in_url = "https://signin.example.com/d/login",
      access_token = "s3cr3t-access", cloud_sso_access_token_expire = 1790000000 })), error = "sign in again" },
  { "OAuth with a good access token", id = "STS.oauth", source = "default/cli_profile/oauth",
    answers = { ["POST https://oauth.aliyun.com/v1/exchange"] = { accessKeyId = "STS.oauth",
      accessKeySecret = "s3cr3t-oauth", securityToken = "s3cr3t-t", expiration = at(3600) } },
    files = config(profile("OAuth", { oauth_site_type = "CN", oauth_access_token = "s3cr3t-access",
      oauth_access_token_expire = 1790001201, oauth_refresh_token = "s3cr3t-refresh" })),
    asked = { "POST https://oauth.aliyun.com/v1/exchange" } },
  { "OAuth renews an access token near its end", id = "STS.oauth",
    answers = { ["POST https://oauth.alibabacloud.com/v1/token"] = { access_token = "s3cr3t-new", expires_in = 10800 },
      ["POST https://oauth.alibabacloud.com/v1/exchange"] = function(sent)
        return sent.headers.authorization == "Bearer s3cr3t-new" and { accessKeyId = "STS.oauth",
          accessKeySecret = "s3cr3t-oauth", securityToken = "s3cr3t-t", expiration = at(3600) } or { status = 401,
            body = "" }
      end },
    files = config(profile("OAuth", { oauth_site_type = "INTL", oauth_access_token = "s3cr3t-access",
      oauth_access_token_expire = 1790001200, oauth_refresh_token = "s3cr3t-refresh" })) },
  { "OAuth uses stored keys while they are good", id = "id-cli", token = "s3cr3t-stored", asked = {},
    files = config(profile("OAuth", KEYS, { oauth_site_type = "CN", sts_token = "s3cr3t-stored",
      sts_expiration = 1790000600 })) },
  { "OAuth without any token", given = credentials.profile, asked = {},
    files = config(profile("OAuth", { oauth_site_type = "CN" })), error = "sign in again" },
  { "OAuth of an unknown site", given = credentials.profile, error = "must be CN or INTL",
    files = config(profile("OAuth", { oauth_site_type = "EU" })) },
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
  { "a configuration that others can read is warned of", files = config(AK), mode = "644", id = "id-cli",
    warns = "others can read it" },
  { "a configuration for its owner alone is not", files = config(AK), mode = "600", id = "id-cli", warns = false },
  { "a FIFO in the place of the configuration", given = credentials.profile, fifos = { CONFIG },
    error = "it is no regular file" },
  { "a configuration of more than 64 KiB", given = credentials.profile,
    files = { [CONFIG] = config(AK)[CONFIG] .. (" "):rep(65536) }, error = "it has more than 65536 bytes" },
  { "no home directory", given = credentials.profile, env = { HOME = "" }, error = "HOME is not set" },

  -- the credentials file
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
  { "a credentials file that others can read is warned of", mode = "640", id = "id-ini", warns = "the credentials file",
    files = ini "[default]\ntype=access_key\naccess_key_id=id-ini\naccess_key_secret=s3cr3t\n" },

  -- metadata
  { "metadata by token", answers = ecs(), id = "STS.ecs", token = "s3cr3t-token-ecs",
    asked = { TOKEN, ROLES, ROLES .. "role-name" }, direct = true, timeout = 2 },
  { "metadata with the role's name from the environment", env = { ALIBABA_CLOUD_ECS_METADATA = "role-name" },
    answers = ecs(), id = "STS.ecs", asked = { TOKEN, ROLES .. "role-name" } },
  { "metadata without a token where there is no v2", id = "STS.ecs",
    answers = merge(ecs(), { [TOKEN] = { status = 404, body = "" } }), asked = { TOKEN, ROLES, ROLES .. "role-name" } },
  { "metadata never without a token where v1 is disabled", given = credentials.ecs_ram_role, asked = { TOKEN },
    env = { ALIBABA_CLOUD_IMDSV1_DISABLED = "true" }, answers = merge(ecs(), { [TOKEN] = { status = 404, body = "" } }),
    error = "answered with HTTP status 404" },
  { "metadata never without a token if the caller says so", asked = { TOKEN },
    given = function() return credentials.ecs_ram_role { token_only = true } end,
    answers = merge(ecs(), { [TOKEN] = { status = 403, body = "" } }), error = "HTTP status 403" },
  { "metadata once more without a token that is refused", id = "STS.ecs",
    answers = { [TOKEN] = "s3cr3t-m", [ROLES] = only_without "role-name", [ROLES .. "role-name"] = temporary "ecs" },
    asked = { TOKEN, ROLES, ROLES, ROLES .. "role-name" } },
  { "metadata whose token is no header", given = credentials.ecs_ram_role,
    answers = merge(ecs(), { [TOKEN] = "s3cr3t\r\nx: y" }), id = "STS.ecs" },
  { "metadata without success", given = credentials.ecs_ram_role, error = "without success for the role role-name",
    answers = ecs(merge(temporary "ecs", { Code = "Failed" })) },
  { "metadata with a role's name that is a path", given = credentials.ecs_ram_role,
    answers = merge(ecs(), { [ROLES] = "../../s3cr3t" }), error = "is no role name" },
  { "metadata of more than 64 KiB", given = credentials.ecs_ram_role,
    answers = merge(ecs(), { [ROLES .. "role-name"] = ("s3cr3t"):rep(11000) }), error = "more than 64 KiB" },
  { "metadata that nobody serves", given = credentials.ecs_ram_role, error = "cannot be asked: Failed to connect" },

  -- the URI
  { "a URI of this machine", given = function() return credentials.uri { uri = "http://localhost:1/k?s3cr3t=1" } end,
    answers = { ["GET http://localhost:1/k"] = temporary "uri" }, id = "STS.uri", source = "credential_uri",
    direct = true, timeout = 15 },
  { "a URI with a secret in its path that fails", given = credentials.uri, error = "HTTP status 500",
    env = { ALIBABA_CLOUD_CREDENTIALS_URI = "https://keys.example.com/s3cr3t" },
    answers = { ["GET https://keys.example.com/s3cr3t"] = { status = 500, body = "s3cr3t" } } },
  { "a URI without Code", env = merge(URI, NO_ECS), id = "STS.uri",
    answers = { ["GET http://127.0.0.1:9/keys"] = assumed("uri").Credentials } },
  { "a URI that tells of a failure with keys", given = credentials.uri, env = URI, error = "without success",
    answers = { ["GET http://127.0.0.1:9/keys"] = merge(temporary "uri", { Code = "Failed" }) } },
  { "a URI elsewhere by plain http", given = credentials.uri, asked = {}, error = "must begin with https://",
    env = { ALIBABA_CLOUD_CREDENTIALS_URI = "http://keys.example.com/s3cr3t" } },
  { "a URI that begins like this machine", given = credentials.uri, asked = {}, error = "must begin with https://",
    env = { ALIBABA_CLOUD_CREDENTIALS_URI = "http://127.0.0.1.example.com/s3cr3t" } },
  { "a URI with user info", given = credentials.uri, asked = {}, error = "must not carry user info",
    env = { ALIBABA_CLOUD_CREDENTIALS_URI = "https://me:s3cr3t@example.com/" } },
  { "a URI with a redirect", given = credentials.uri, env = URI, error = "HTTP status 302",
    answers = { ["GET http://127.0.0.1:9/keys"] = { status = 302, body = "" } } },
  { "a URI with HTML", given = credentials.uri, env = URI, error = "without success",
    answers = { ["GET http://127.0.0.1:9/keys"] = "<html>s3cr3t</html>" } },
  { "a URI without a key", given = credentials.uri, error = "ALIBABA_CLOUD_CREDENTIALS_URI is not set" },

  -- given ones
  { "static keys", given = function() return credentials.static { access_key_id = "id-s",
    access_key_secret = "s3cr3t" } end,
    id = "id-s", fixed = true, env = ENV },
  { "static keys with a token", id = "id-s", token = "s3cr3t-t", fixed = true, given = function()
    return credentials.static { access_key_id = "id-s", access_key_secret = "s3cr3t", security_token = "s3cr3t-t" }
  end },
  { "a function of the user's", id = "id-f", source = "function", given = function()
    return function() return { access_key_id = "id-f", access_key_secret = "s3cr3t" } end
  end },
  { "a function that gives none", error = "gave none: no vault today", given = function()
    return function() return nil, "no vault today" end
  end },
  { "a function that gives a key with a line break", error = "access_key_secret begins or ends", given = function()
    return function() return { access_key_id = "id-f", access_key_secret = "s3cr3t\n" } end
  end },
  { "a role assumed with a given source", id = "STS.a", answers = { [STS] = assumed "a" }, env = ENV,
    given = function() return credentials.assume_role { role_arn = ROLE, source = credentials.env(),
      external_id = "e" } end,
    source = "ram_role_arn/env", form = { ExternalId = "e" }, query = { AccessKeyId = "id-env" } },
  { "a role assumed with the default chain", id = "STS.a", answers = { [STS] = assumed "a" }, env = ENV,
    given = function() return credentials.assume_role { role_arn = ROLE, policy = { Version = "1" } } end,
    source = "ram_role_arn/default/env", form = { Policy = '{"Version":"1"}' } },
  { "a role assumed with a key that is not there", env = NO_ECS, asked = {}, error = "no credentials found",
    given = function() return credentials.assume_role { role_arn = ROLE } end },
  { "a token file that is a FIFO", fifos = { "token" }, env = OIDC, given = credentials.oidc, asked = {},
    error = "it is no regular file" },
  { "an empty token file", files = { token = "\n" }, env = OIDC, given = credentials.oidc, asked = {},
    error = "is empty" },
  { "a token file of more than 64 KiB", files = { token = ("s3cr3t"):rep(11000) }, env = OIDC, given = credentials.oidc,
    asked = {}, error = "it has more than 65536 bytes" },
}

local function check_key(row, place)
  local signed = place:signed()
  assert.are.equal(row.id, signed.AccessKeyId)
  assert.are.equal(row.token, row.token and signed.SecurityToken)
  local told = place:heard("refresh")
  if row.fixed then
    assert.are.equal(0, #told)
  elseif row.source then
    assert.are.equal(row.source, told[#told].source)
  end
end

local function check_requests(row, place)
  if row.asked then
    assert.are.same(row.asked, place.asked)
  end
  local call = place:role_call()
  for name, value in pairs(row.form or {}) do
    assert.are.equal(value, call.form[name])
  end
  for name, value in pairs(row.query or {}) do
    assert.are.equal(value, call.query[name])
  end
  if row.unsigned then
    assert.is_nil(call.query.Signature or call.query.AccessKeyId)
  end
  if row.direct then
    assert.is_true(place.sent[1].direct)
    assert.are.equal(row.timeout, place.sent[1].timeout)
  end
end

local function check_warning(row, place)
  local told = place:heard("warning")
  if row.warns == false then
    assert.are.equal(0, #told)
  elseif row.warns then
    assert.is_truthy(told[1].message:find(row.warns, 1, true))
  end
end

describe("credentials:", function()
  it("has at least sixty rows", function()
    assert.is_true(#rows >= 60)
  end)

  for _, row in ipairs(rows) do
    it(row[1], function()
      local place = bank.new(row)
      for name, text in pairs(row.config_of and row.config_of(place.home.path) or {}) do
        place.home:write(name, text)
      end
      local provider = row.given and row.given()
      local client = place:client { credentials = provider or false, max_attempts = 1 }
      local run, err = client:describe_map_run(bank.names)
      if row.error then
        assert.is_nil(run)
        assert.are.equal("credentials", err.kind)
        assert.is_truthy(tostring(err):find(row.error, 1, true), tostring(err))
        assert.is_nil(tostring(err):find("\n"))
      else
        assert.is_nil(err and tostring(err))
        check_key(row, place)
      end
      check_requests(row, place)
      check_warning(row, place)
      assert.is_nil(place:printed(tostring(err), err, tostring(provider), tostring(client)):find(bank.mark, 1, true))
      place:close()
    end)
  end
end)
