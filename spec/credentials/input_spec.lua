-- What sources read: files that may be others, too long, or no files.
-- SPDX-License-Identifier: MIT
local fake_sources = require "spec.support.fake_sources"
local credentials = require "fnf.credentials"
local source_rows = require "spec.support.source_rows"

local CONFIG, OIDC, AK, config = source_rows.CONFIG, source_rows.OIDC, source_rows.AK, source_rows.config
local ini = source_rows.ini

local rows = {
  { "a configuration that others can read is warned of", files = config(AK), mode = "644", id = "id-cli",
    warns = "others can read it" },
  { "a configuration for its owner alone is not", files = config(AK), mode = "600", id = "id-cli", warns = false },
  { "a FIFO in the place of the configuration", given = credentials.profile, fifos = { CONFIG },
    error = "it is no regular file" },
  { "a configuration of more than 64 KiB", given = credentials.profile,
    files = { [CONFIG] = config(AK)[CONFIG] .. (" "):rep(65536) }, error = "it has more than 65536 bytes" },
  { "a credentials URI that leads nowhere", given = credentials.uri, asked = {}, error = "is no URL such as https://",
    env = { ALIBABA_CLOUD_CREDENTIALS_URI = "https:///s3cr3t" } },
  { "no home directory", given = credentials.profile, env = { HOME = "" }, error = "HOME is not set" },
  { "a credentials file that others can read is warned of", mode = "640", id = "id-ini", warns = "the credentials file",
    files = ini "[default]\ntype=access_key\naccess_key_id=id-ini\naccess_key_secret=s3cr3t\n" },
  { "a token file that is a FIFO", fifos = { "token" }, env = OIDC, given = credentials.oidc, asked = {},
    error = "it is no regular file" },
  { "an empty token file", files = { token = "\n" }, env = OIDC, given = credentials.oidc, asked = {},
    error = "is empty" },
  { "a token file of more than 64 KiB", files = { token = ("s3cr3t"):rep(11000) }, env = OIDC, given = credentials.oidc,
    asked = {}, error = "it has more than 65536 bytes" },
}

describe("the input of sources:", function()
  for _, row in ipairs(rows) do
    it(row[1], function() source_rows.check(row) end)
  end
end)

describe("12.21: a transport that repeats what it was given", function()
  local TOKEN = fake_sources.mark .. "+of/some=length"
  local profile, oauth = source_rows.profile, { oauth_site_type = "CN", oauth_refresh_token = TOKEN }
  local sources = {
    { "a credentials URI", function() return credentials.uri { uri = "https://h/keys/" .. fake_sources.mark } end },
    { "metadata", credentials.ecs_ram_role },
    { "a sign-in to be renewed", credentials.profile, config(profile("OAuth", oauth)) },
    { "a sign-in", credentials.profile, config(profile("OAuth", oauth,
      { oauth_access_token = TOKEN, oauth_access_token_expire = 1800000000 })) },
    { "CloudSSO", credentials.profile, config(profile("CloudSSO", { cloud_sso_sign_in_url = "https://h/x",
      access_token = TOKEN, cloud_sso_access_token_expire = 1800000000 })) },
    { "an OIDC token", credentials.oidc, { token = TOKEN } },
    { "a role", function()
      return credentials.assume_role { role_arn = source_rows.ROLE, source = credentials.static {
        access_key_id = "id", access_key_secret = fake_sources.mark .. "-of-the-key", security_token = TOKEN } }
    end },
  }
  for _, source in ipairs(sources) do
    it("shows no secret: " .. source[1], function()
      local place = fake_sources.new { files = source[3], env = OIDC, answers = { [source_rows.TOKEN] = TOKEN } }
      local client = place:client { credentials = source[2](), max_attempts = 1, transport = function(request)
        if request.method == "PUT" then
          return place.platform.send(request)
        end
        local told = { "cannot send", request.url, request.body or "" }
        for name, value in pairs(request.headers) do
          told[#told + 1] = name .. "=" .. value
          told[#told + 1] = value
        end
        return nil, table.concat(told, " ")
      end }
      local run, err = client:describe_map_run(fake_sources.names)
      assert.is_nil(run)
      assert.are.equal("credentials", err.kind)
      assert.is_truthy(tostring(err):find("cannot send", 1, true), tostring(err))
      assert.is_nil(place:printed(err, tostring(err)):find(fake_sources.mark, 1, true), tostring(err))
      place:close()
    end)
  end
end)
