-- Keys from a URI.
-- SPDX-License-Identifier: MIT
local fake_sources = require "spec.support.fake_sources"
local credentials = require "fnf.credentials"
local json = require "fnf.json"
local source_rows = require "spec.support.source_rows"

local temporary, assumed = fake_sources.temporary, fake_sources.assumed
local URI, NO_ECS, merge = source_rows.URI, source_rows.NO_ECS, source_rows.merge

local rows = {
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
  { "12.20: a URI whose answer begins with a mark", given = credentials.uri, env = URI, id = "STS.uri",
    answers = { ["GET http://127.0.0.1:9/keys"] = "\239\187\191" .. json.encode(temporary "uri") } },
  { "12.4: a URI of no end", given = credentials.uri, asked = {}, error = "has more than 4096 bytes",
    env = { ALIBABA_CLOUD_CREDENTIALS_URI = "https://h/" .. ("s3cr3t"):rep(1000) } },
}

describe("a credentials URI:", function()
  for _, row in ipairs(rows) do
    it(row[1], function() source_rows.check(row) end)
  end
end)
