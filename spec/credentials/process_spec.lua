-- A program that prints keys, and how its command line is read.
-- SPDX-License-Identifier: MIT
local fake_sources = require "spec.support.fake_sources"
local core = require "fnf.core"
local credentials = require "fnf.credentials"
local process = require "fnf.credentials.process"

describe("a program", function()
  local place

  before_each(function() place = fake_sources.new {} end)
  after_each(function() place:close() end)

  local function ask(options)
    local client = place:client { credentials = credentials.process(options), max_attempts = 1 }
    local run, err = client:describe_map_run(fake_sources.names)
    assert.is_nil(place:printed(err, tostring(err)):find(fake_sources.mark, 1, true))
    return run and place:signed(), err
  end

  local function program(text)
    return place.home:program("bin/keys", text)
  end

  local KEY = '"access_key_id":"id-p","access_key_secret":"s3cr3t-p"'

  it("gives a key, by words or by a line", function()
    local path = program(([[test "$2" = 'a b' && echo '{"mode":"AK",%s}']]):format(KEY))
    assert.are.equal("id-p", ask({ command = { path, "x", "a b" } }).AccessKeyId)
    assert.are.equal("id-p", ask({ command = path .. " x 'a b'" }).AccessKeyId)
  end)

  it("is not read by a shell", function()
    local path = program(([[test "$1" = '$(touch' && echo '{"mode":"AK",%s}']]):format(KEY))
    assert.are.equal("id-p", ask({ command = path .. " $(touch /tmp/none); true | false" }).AccessKeyId)
  end)

  it("gives a token that is renewed ahead of its end", function()
    local path = program(([[echo '{"mode":"StsToken",%s,"sts_token":"s3cr3t-t","expiration":"%s"}'; echo >> "$0.log"]])
      :format(KEY, fake_sources.at(1000)))
    local client = place:client { credentials = credentials.process { command = path } }
    for _, clock in ipairs { 0, 500, 819, 820 } do
      place.clock = clock
      assert(client:describe_map_run(fake_sources.names))
    end
    assert.are.equal("s3cr3t-t", place:signed().SecurityToken)
    assert.are.equal("\n\n", (core.read(path .. ".log", 100)))
  end)

  it("without a usable end runs for every use", function()
    local path = program(([[echo '{"mode":"AK",%s,"expiration":"never"}'; echo >> "$0.log"]]):format(KEY))
    local client = place:client { credentials = credentials.process { command = { path } } }
    for _ = 1, 3 do
      assert(client:describe_map_run(fake_sources.names))
    end
    assert.are.equal("\n\n\n", (core.read(path .. ".log", 100)))
  end)

  -- what the program does, words of the error
  for _, row in ipairs {
    { "echo s3cr3t; exit 3", "it ended with status 3" },
    { "echo s3cr3t", "printed no JSON object" },
    { "head -c 70000 /dev/zero", "it printed more than 65536 bytes" },
    { [[echo '{"mode":"Anonymous","access_key_id":"s3cr3t"}']], "a mode that is neither AK nor StsToken" },
    { [[echo '{"mode":"StsToken",]] .. KEY .. "}'", "security_token is empty" },
    { [[echo '{"mode":"AK","access_key_id":"id"}']], "access_key_secret is empty" },
  } do
    it("that does " .. row[1]:sub(1, 30) .. " is refused", function()
      local signed, err = ask({ command = { program(row[1]) } })
      assert.is_nil(signed)
      assert.is_truthy(err.message:find(row[2], 1, true), err.message)
    end)
  end

  it("that does not end is ended", function()
    local started = core.now()
    local _, err = ask({ command = { program("exec sleep 60") }, timeout = 0.2 })
    assert.is_truthy(err.message:find("did not end within 0.2 seconds", 1, true))
    assert.is_true(core.now() - started < 10)
  end)

  it("that is not there is an error", function()
    local _, err = ask({ command = "/none/keys --all" })
    assert.is_truthy(err.message:find("/none/keys cannot be run: No such file or directory", 1, true))
  end)

  it("ends with the call that is cancelled", function()
    local asked = 0
    local client = place:client { credentials = credentials.process { command = { program("exec sleep 60") } } }
    local _, err = client:describe_map_run(fake_sources.names, { cancel = function()
      asked = asked + 1
      return asked > 3
    end })
    assert.are.equal("cancelled", err.kind)
  end)
end)

describe("a command line", function()
  -- text, words or what is wrong with it
  for _, row in ipairs {
    { "a b", { "a", "b" } }, { "  a\t b\n", { "a", "b" } }, { "'a b' c", { "a b", "c" } },
    { [['a\b"']], { [[a\b"]] } }, { [["a b"c'd e']], { "a bcd e" } }, { [["a\"\\\$\`\n"]], { [[a"\$`\n]] } },
    { "\"a\\\nb\"", { "ab" } }, { "a\\\nb", { "ab" } }, { [[a\ b\'c]], { "a b'c" } }, { [['' "" x]], { "", "", "x" } },
    { "$HOME *.lua `x`", { "$HOME", "*.lua", "`x`" } }, { "a 'b", "quote" }, { [["a]], "quote" }, { [["a\"]], "quote" },
    { [[a\]], "backslash" }, { "", "empty" }, { " \t", "empty" },
  } do
    it(("%q is read as POSIX has it"):format(row[1]), function()
      local list, problem = process.split(row[1])
      if type(row[2]) == "table" then
        assert.are.same(row[2], list)
      else
        assert.is_nil(list)
        assert.is_truthy(problem:find(row[2], 1, true))
      end
    end)
  end
end)
