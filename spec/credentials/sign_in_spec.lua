-- A user who signed in with the vendor's CLI.
-- SPDX-License-Identifier: MIT
local fake_sources = require "spec.support.fake_sources"
local credentials = require "fnf.credentials"
local source_rows = require "spec.support.source_rows"

local temporary, at = fake_sources.temporary, fake_sources.at
local KEYS, config, profile = source_rows.KEYS, source_rows.config, source_rows.profile

local rows = {
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
}

describe("a sign-in:", function()
  for _, row in ipairs(rows) do
    it(row[1], function() source_rows.check(row) end)
  end
end)
