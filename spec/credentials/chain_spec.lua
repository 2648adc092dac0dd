-- Several sources asked in turn, and the one that is remembered.
-- SPDX-License-Identifier: MIT
local fake_sources = require "spec.support.fake_sources"
local source_rows = require "spec.support.source_rows"

local temporary, assumed = fake_sources.temporary, fake_sources.assumed
local STS, CONFIG, ENV, OIDC = source_rows.STS, source_rows.CONFIG, source_rows.ENV, source_rows.OIDC
local URI, NO_ECS, AK, merge = source_rows.URI, source_rows.NO_ECS, source_rows.AK, source_rows.merge
local config, ini, ecs = source_rows.config, source_rows.ini, source_rows.ecs

local rows = {
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
}

describe("the default chain:", function()
  for _, row in ipairs(rows) do
    it(row[1], function() source_rows.check(row) end)
  end
end)

local ASK = "GET http://127.0.0.1:9/keys"
local AS_FILE = merge(AK, { name = "a", access_key_id = "id-a" })

describe("the default chain", function()
  local place

  before_each(function()
    place = fake_sources.new { env = { ALIBABA_CLOUD_CREDENTIALS_URI = "http://127.0.0.1:9/keys" } }
  end)
  after_each(function() place:close() end)

  it("remembers the source that worked, and asks it alone from then on", function()
    place.answers[ASK] = fake_sources.temporary("uri", 3600)
    local client = place:client { max_attempts = 1 }
    assert(client:describe_map_run(fake_sources.names))
    place.home:write(".aliyun/config.json", config(AS_FILE)[CONFIG])
    place.answers[ASK], place.clock, place.asked = nil, 3600, {}
    local run, err = client:describe_map_run(fake_sources.names)
    assert.is_nil(run)
    assert.is_truthy(err.message:find("the credentials URI cannot be asked", 1, true))
    assert.are.same({ ASK }, place.asked)
  end)

  it("remembers nothing after a complete failure", function()
    local client = place:client { max_attempts = 1 }
    assert.is_nil((client:describe_map_run(fake_sources.names)))
    place.home:write(".aliyun/config.json", config(AS_FILE)[CONFIG])
    assert(client:describe_map_run(fake_sources.names))
    assert.are.equal("id-a", place:signed().AccessKeyId)
  end)

  it("lists each link and its reason in one block, and in one line", function()
    local _, err = place:client({ max_attempts = 1 }):describe_map_run(fake_sources.names)
    local lines = {}
    for line in err.details:gmatch("[^\n]+") do
      lines[#lines + 1] = line
    end
    for index, start in ipairs { "no credentials found", "  env  ", "  oidc_role_arn  ", "  cli_profile  ",
      "  profile  ", "  ecs_ram_role  ", "  credential_uri  ", "set ALIBABA_CLOUD_ACCESS_KEY_ID" } do
      assert.are.equal(start, lines[index]:sub(1, #start))
      assert.is_true(#lines[index] > #start)
    end
    assert.are.equal(8, #lines)
    local line = tostring(err)
    assert.is_nil(line:find("\n"))
    assert.is_truthy(line:find("credential_uri: ", 1, true))
    assert.is_nil(line:find("%.%.%.$"))
  end)

  it("ends at once when the caller's deadline has passed", function()
    local client = place:client { max_attempts = 1 }
    place.on_send = function() place.clock = place.clock + 5 end
    local _, err = client:describe_map_run(fake_sources.names, { timeout = 3 })
    assert.are.equal("timeout", err.kind)
    assert.are.equal(1, #place.asked)
  end)
end)
