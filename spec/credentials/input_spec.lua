-- What sources read: files that may be others, too long, or no files.
-- SPDX-License-Identifier: MIT
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
