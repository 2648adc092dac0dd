--- Rows about where a key comes from, each through a whole call with real files in a temporary home; what they share.
-- SPDX-License-Identifier: MIT
--
-- A row: the case in words; env, files, mode, programs, fifos, answers; given: a function that makes the `credentials`
-- option; then id, token and source of the key that signs, or error: words of the message. Also: asked (every other
-- request, in order), form and query (of the STS call), warns (words of a warning, false for none), direct (by no
-- proxy) and its timeout (seconds), unsigned (the STS call), fixed (nothing is told, for nothing is renewed).

local assert = require "luassert"
local fake_sources = require "spec.support.fake_sources"
local json = require "fnf.json"

local source_rows = {}

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

function source_rows.merge(...)
  local all = {}
  for index = 1, select("#", ...) do
    for name, value in pairs((select(index, ...))) do
      all[name] = value
    end
  end
  return all
end

--- A CLI configuration of these profiles, the first one current.
function source_rows.config(...)
  return { [CONFIG] = json.encode { current = (...).name, profiles = { ... }, meta_path = "" } }
end

function source_rows.profile(mode, ...)
  return source_rows.merge({ name = "default", mode = mode }, ...)
end

function source_rows.ini(text)
  return { [INI] = text }
end

function source_rows.ecs(answer)
  return { [TOKEN] = "s3cr3t-metadata", [ROLES] = "role-name\n",
    [ROLES .. "role-name"] = answer or fake_sources.temporary "ecs" }
end

--- An answer only to those who bring no metadata token.
function source_rows.only_without(body)
  return function(sent)
    return sent.headers["x-aliyun-ecs-metadata-token"] and { status = 403, body = "" } or body
  end
end

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

--- Do what a row says, and check that it comes out as it says.
---@param row table
function source_rows.check(row)
  local place = fake_sources.new(row)
  for name, text in pairs(row.config_of and row.config_of(place.home.path) or {}) do
    place.home:write(name, text)
  end
  local provider = row.given and row.given()
  local client = place:client { credentials = provider or false, max_attempts = 1 }
  local run, err = client:describe_map_run(fake_sources.names)
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
  local printed = place:printed(tostring(err), err, tostring(provider), tostring(client))
  assert.is_nil(printed:find(fake_sources.mark, 1, true))
  place:close()
end

for name, value in pairs {
  ECS = ECS, TOKEN = TOKEN, ROLES = ROLES, STS = STS, CONFIG = CONFIG, INI = INI, ROLE = ROLE, ENV = ENV, OIDC = OIDC,
  URI = URI, NO_ECS = NO_ECS, AK = AK, KEYS = KEYS,
} do
  source_rows[name] = value
end

return source_rows
