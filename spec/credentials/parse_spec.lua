-- What a source found, checked and cut to size, in steps proportional to its length.
-- SPDX-License-Identifier: MIT
local credentials_file = require "fnf.credentials.credentials_file"
local effort = require "spec.support.effort"
local input = require "fnf.credentials.input"
local parse = require "fnf.credentials.parse"
local process = require "fnf.credentials.process"

describe("a text", function()
  -- text, what is left
  for _, row in ipairs {
    { "", "" }, { " ", "" }, { "\t\r\n ", "" }, { "a", "a" }, { " a", "a" }, { "a ", "a" }, { "\n a b \r\n", "a b" },
  } do
    it(("%q is trimmed"):format(row[1]), function()
      assert.are.equal(row[2], parse.trim(row[1]))
    end)
  end
end)

describe("credentials", function()
  it("keep what they are made of, and no more", function()
    local given = { access_key_id = "id", access_key_secret = "secret", security_token = "token", expires = 5,
      single_use = true, more = 1 }
    assert.are.same({ access_key_id = "id", access_key_secret = "secret", security_token = "token", expires = 5,
      single_use = true, source = "spec" }, parse.new(given, "spec"))
  end)

  it("are refused by the name that a field has where it is from", function()
    local made, err = parse.new({ access_key_id = "id" }, "spec", { access_key_secret = "SECRET" })
    assert.is_nil(made)
    assert.are.equal("SECRET is missing", err.message)
  end)

  -- what an answer lacks or has wrong, words of the error
  for _, row in ipairs {
    { nil, "Expiration is no time" }, { "text", "Expiration is no time" }, { {}, "Expiration is no time" },
    { { Expiration = "2026-01-01T00:00:00Z" }, "AccessKeyId is empty" },
    { { Expiration = "2026-01-01T00:00:00Z", AccessKeyId = 5 }, "AccessKeyId must be a string" },
  } do
    it("are refused in an answer: " .. row[2], function()
      local made, err = parse.temporary(row[1], parse.spellings.service, "spec")
      assert.is_nil(made)
      assert.is_truthy(err.message:find("the answer's " .. row[2], 1, true), err.message)
    end)
  end
end)

describe("12.4: steps in proportion to the length", function()
  local READERS = {
    { "a text to be trimmed", parse.trim }, { "a JSON object", parse.object }, { "a secret", parse.validate },
    { "a URL", input.validate_url }, { "a command line", process.split },
    { "a credentials file", credentials_file.parse },
    { "a value of a credentials file", function(text) credentials_file.parse("[default]\nkey=" .. text) end },
    { "a section's name", function(text) credentials_file.parse("[" .. text .. "]") end },
    { "a line of a section", function(text) credentials_file.parse("[default]\n" .. text) end },
  }
  local PIECES = { " ", "a", "1", "a ", "\n", "[", "[]", "=", ":", "a=", "a = b\n", "#", " ;", '"', "'", "`", '" ',
    "\\",
    "\\\n", "a=\\\n", "[a]\n", "\0", "{" }
  local ENDS = { { "", "" }, { "a", "a" }, { "https://", "!" } }
  for _, reader in ipairs(READERS) do
    it("are taken for " .. reader[1], function()
      for _, piece in ipairs(PIECES) do
        for _, ends in ipairs(ENDS) do
          local excess = effort.find_excess(reader[2], function(length)
            return ends[1] .. piece:rep(math.floor(length / #piece)) .. ends[2]
          end)
          assert.is_nil(excess, ("%q .. %q .. %q: %s"):format(ends[1], piece, ends[2], tostring(excess)))
        end
      end
    end)
  end
end)
