-- Keys that stand where they were written: given, or in the environment.
-- SPDX-License-Identifier: MIT
local credentials = require "fnf.credentials"
local source_rows = require "spec.support.source_rows"

local ENV, AK, merge, config = source_rows.ENV, source_rows.AK, source_rows.merge, source_rows.config

local rows = {
  { "env alone is enough", given = credentials.env, env = ENV, id = "id-env", source = "env" },
  { "env alone names what is missing", given = credentials.env, files = config(AK),
    error = "ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET are not set" },
  { "env refuses blanks with a hint", given = credentials.env,
    env = merge(ENV, { ALIBABA_CLOUD_ACCESS_KEY_SECRET = " s3cr3t" }),
    error = "ALIBABA_CLOUD_ACCESS_KEY_SECRET begins or ends with a blank or line break" },
  { "env refuses control characters with a hint", given = credentials.env,
    env = merge(ENV, { ALIBABA_CLOUD_SECURITY_TOKEN = "s3cr3t\1x" }),
    error = "ALIBABA_CLOUD_SECURITY_TOKEN holds a blank or control character" },
  { "static keys", given = function() return credentials.static { access_key_id = "id-s",
    access_key_secret = "s3cr3t" } end,
    id = "id-s", fixed = true, env = ENV },
  { "static keys with a token", id = "id-s", token = "s3cr3t-t", fixed = true, given = function()
    return credentials.static { access_key_id = "id-s", access_key_secret = "s3cr3t", security_token = "s3cr3t-t" }
  end },
  { "12.20: env refuses quotes with a hint", given = credentials.env,
    env = merge(ENV, { ALIBABA_CLOUD_ACCESS_KEY_SECRET = "'s3cr3t'" }),
    error = "ALIBABA_CLOUD_ACCESS_KEY_SECRET holds a quote (was it copied with the quotes around it?)" },
  { "12.20: env refuses quotes of a word processor", given = credentials.env,
    env = merge(ENV, { ALIBABA_CLOUD_ACCESS_KEY_SECRET = "\226\128\156s3cr3t\226\128\157" }),
    error = "ALIBABA_CLOUD_ACCESS_KEY_SECRET holds a quote" },
}

describe("keys as they stand:", function()
  for _, row in ipairs(rows) do
    it(row[1], function() source_rows.check(row) end)
  end
end)

describe("keys of the environment", function()
  local keys = require "fnf.credentials.keys"

  it("12.25: that are missing are told with the platform's hint, where it has one", function()
    local context = { getenv = function() end }
    local _, plain = keys.from_environment(context)
    context.environment_hint = function(names) return "name " .. table.concat(names, " and ") end
    local _, hinted = keys.from_environment(context)
    assert.is_nil(plain.message:find("name ", 1, true))
    assert.matches("not set; name ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET", hinted.message, 1,
      true)
  end)
end)
