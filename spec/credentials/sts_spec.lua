-- A role assumed at STS, with a key or with an OIDC token.
-- SPDX-License-Identifier: MIT
local fake_sources = require "spec.support.fake_sources"
local credentials = require "fnf.credentials"
local json = require "fnf.json"
local source_rows = require "spec.support.source_rows"

local temporary, assumed, at = fake_sources.temporary, fake_sources.assumed, fake_sources.at
local STS, ROLE, ENV, NO_ECS = source_rows.STS, source_rows.ROLE, source_rows.ENV, source_rows.NO_ECS
local KEYS, merge, config, profile = source_rows.KEYS, source_rows.merge, source_rows.config, source_rows.profile

local rows = {
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
  { "12.17: a duration of part of a second is refused before the call", given = credentials.profile, asked = {},
    files = config(profile("RamRoleArn", KEYS, { ram_role_arn = ROLE, expired_seconds = 900.5 })),
    error = "must be whole seconds" },
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
  { "a role assumed with a given source", id = "STS.a", answers = { [STS] = assumed "a" }, env = ENV,
    given = function() return credentials.assume_role { role_arn = ROLE, source = credentials.env(),
      external_id = "e" } end,
    source = "ram_role_arn/env", form = { ExternalId = "e" }, query = { AccessKeyId = "id-env" } },
  { "a role assumed with the default chain", id = "STS.a", answers = { [STS] = assumed "a" }, env = ENV,
    given = function() return credentials.assume_role { role_arn = ROLE, policy = { Version = "1" } } end,
    source = "ram_role_arn/default/env", form = { Policy = '{"Version":"1"}' } },
  { "a role assumed with a key that is not there", env = NO_ECS, asked = {}, error = "no credentials found",
    given = function() return credentials.assume_role { role_arn = ROLE } end },
}

describe("a role assumed at STS:", function()
  for _, row in ipairs(rows) do
    it(row[1], function() source_rows.check(row) end)
  end
end)

local function describe_run(client, options)
  return client:describe_map_run(fake_sources.names, options)
end

describe("a call to STS", function()
  local place
  local role = { role_arn = "acs:ram::1:role/r", source = credentials.static {
    access_key_id = "id", access_key_secret = fake_sources.mark } }

  before_each(function() place = fake_sources.new {} end)
  after_each(function() place:close() end)

  it("is signed as any other and repeated after a failure that may pass", function()
    local tries = 0
    place.answers[STS] = function()
      tries = tries + 1
      return tries < 3 and { status = 500, body = "{}" } or fake_sources.assumed("a", 3600)
    end
    assert(describe_run(place:client { credentials = credentials.assume_role(role) }))
    assert.are.equal("STS.a", place:signed().AccessKeyId)
    assert.are.equal(3, tries)
    local seen = {}
    for _, sent in ipairs(place.sent) do
      assert.are.equal(28, #sent.query.Signature)
      assert.is_nil(seen[sent.query.SignatureNonce])
      seen[sent.query.SignatureNonce] = true
    end
  end)

  it("is signed by HMAC-SHA1 whatever the client's own signature is", function()
    place.answers[STS] = fake_sources.assumed("a", 3600)
    local client = place:client { credentials = credentials.assume_role(role), signature = "ACS3-HMAC-SHA256" }
    assert(describe_run(client))
    assert.are.equal("HMAC-SHA1", place.sent[1].query.SignatureMethod)
    assert.is_truthy(place.sent[2].headers.authorization:find("Credential=STS.a,", 1, true))
    assert.are.equal(fake_sources.mark .. "-token-a", place.sent[2].headers["x-acs-security-token"])
  end)

  it("stays within the deadline of the call that needs a key", function()
    place.answers[STS] = fake_sources.assumed("a", 3600)
    local client = place:client { credentials = credentials.assume_role(role) }
    assert(describe_run(client, { timeout = 3 }))
    assert.are.equal(3, place.sent[1].timeout)
    local other = place:client { credentials = credentials.assume_role(role) }
    assert(describe_run(other))
    assert.are.equal(15, place.sent[3].timeout)
  end)

  it("goes by the caller's transport", function()
    local hosts = {}
    local client = place:client { credentials = credentials.assume_role(role), transport = function(request)
      hosts[#hosts + 1] = request.url:match("//([^/]+)")
      return place.platform.send(request)
    end, }
    place.answers[STS] = fake_sources.assumed("a", 3600)
    assert(describe_run(client))
    assert.are.same({ "sts.aliyuncs.com", "cn-hangzhou.fnf.aliyuncs.com" }, hosts)
  end)

  it("tells its attempts by the same events", function()
    place.answers[STS] = fake_sources.assumed("a", 3600)
    assert(describe_run(place:client { credentials = credentials.assume_role(role) }))
    assert.are.equal("AssumeRole", place:heard("request")[1].operation)
    assert.are.equal("sts.aliyuncs.com", place:heard("request")[1].host)
    assert.are.equal("DescribeMapRun", place:heard("request")[2].operation)
  end)
end)

describe("a call to STS without a key", function()
  local place

  before_each(function()
    place = fake_sources.new { env = source_rows.OIDC, files = { token = fake_sources.mark .. ".of.a.pod" } }
  end)
  after_each(function() place:close() end)

  for _, code in ipairs { "SignatureDoesNotMatch", "SignatureNotMatch" } do
    it("12.17: that is refused as badly signed is an error like any other: " .. code, function()
      place.answers[STS] = { status = 400, body = json.encode { Code = code, RequestId = "r",
        Message = "no match; server string to sign is:POST&%2F&" .. fake_sources.mark } }
      local client = place:client { credentials = credentials.oidc(), max_attempts = 1 }
      local run, err = describe_run(client)
      assert.is_nil(run)
      assert.are.equal("credentials", err.kind)
      assert.are.equal(code, err.cause.code)
      assert.is_nil(err.message:find("access_key_secret", 1, true)) -- there is none to be wrong
      assert.is_nil(place:printed(err, tostring(err)):find(fake_sources.mark, 1, true))
    end)
  end
end)
