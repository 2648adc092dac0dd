-- The public functions of fnf.credentials, the chain's memory, programs, and the region.
-- SPDX-License-Identifier: MIT
local bank = require "spec.support.bank"
local core = require "fnf.core"
local credentials = require "fnf.credentials"
local fnf = require "fnf"
local json = require "fnf.json"
local process = require "fnf.credentials.process"

local URI = "GET http://127.0.0.1:9/keys"

local function config(...)
  return json.encode { current = (...).name, profiles = { ... } }
end

local function key_profile(name, fields)
  local made = { name = name, mode = "AK", access_key_id = "id-" .. name, access_key_secret = bank.mark }
  for field, value in pairs(fields or {}) do
    made[field] = value
  end
  return made
end

describe("the default chain", function()
  local place

  before_each(function() place = bank.new { env = { ALIBABA_CLOUD_CREDENTIALS_URI = "http://127.0.0.1:9/keys" } } end)
  after_each(function() place:close() end)

  it("remembers the source that worked, and asks it alone from then on", function()
    place.answers[URI] = bank.temporary("uri", 3600)
    local client = place:client { max_attempts = 1 }
    assert(client:describe_map_run(bank.names))
    place.home:write(".aliyun/config.json", config(key_profile "a"))
    place.answers[URI], place.clock, place.asked = nil, 3600, {}
    local run, err = client:describe_map_run(bank.names)
    assert.is_nil(run)
    assert.is_truthy(err.message:find("the credentials URI cannot be asked", 1, true))
    assert.are.same({ URI }, place.asked)
  end)

  it("remembers nothing after a complete failure", function()
    local client = place:client { max_attempts = 1 }
    assert.is_nil((client:describe_map_run(bank.names)))
    place.home:write(".aliyun/config.json", config(key_profile "a"))
    assert(client:describe_map_run(bank.names))
    assert.are.equal("id-a", place:signed().AccessKeyId)
  end)

  it("lists each link and its reason in one block, and in one line", function()
    local _, err = place:client({ max_attempts = 1 }):describe_map_run(bank.names)
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
    local _, err = client:describe_map_run(bank.names, { timeout = 3 })
    assert.are.equal("timeout", err.kind)
    assert.are.equal(1, #place.asked)
  end)
end)

describe("a program", function()
  local place

  before_each(function() place = bank.new {} end)
  after_each(function() place:close() end)

  local function ask(options)
    local client = place:client { credentials = credentials.process(options), max_attempts = 1 }
    local run, err = client:describe_map_run(bank.names)
    assert.is_nil(place:printed(err, tostring(err)):find(bank.mark, 1, true))
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
      :format(KEY, bank.at(1000)))
    local client = place:client { credentials = credentials.process { command = path } }
    for _, clock in ipairs { 0, 500, 819, 820 } do
      place.clock = clock
      assert(client:describe_map_run(bank.names))
    end
    assert.are.equal("s3cr3t-t", place:signed().SecurityToken)
    assert.are.equal("\n\n", (core.read(path .. ".log", 100)))
  end)

  it("without a usable end runs for every use", function()
    local path = program(([[echo '{"mode":"AK",%s,"expiration":"never"}'; echo >> "$0.log"]]):format(KEY))
    local client = place:client { credentials = credentials.process { command = { path } } }
    for _ = 1, 3 do
      assert(client:describe_map_run(bank.names))
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
    local _, err = client:describe_map_run(bank.names, { cancel = function()
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

describe("a profile with fields of wrong types", function()
  local FIELDS = { "name", "mode", "access_key_id", "access_key_secret", "sts_token", "ram_role_arn",
    "ram_session_name", "expired_seconds", "sts_region", "sts_endpoint", "policy", "external_id", "source_profile",
    "ram_role_name",
    "oidc_provider_arn", "oidc_token_file", "cloud_sso_sign_in_url", "access_token", "cloud_sso_access_token_expire",
    "oauth_site_type", "oauth_refresh_token", "oauth_access_token", "oauth_access_token_expire", "sts_expiration",
    "process_command", "credentials_uri" }
  local GOOD = { name = "default", access_key_id = "id", access_key_secret = bank.mark, sts_token = bank.mark,
    ram_role_arn = "acs:ram::1:role/r", source_profile = "other", oidc_provider_arn = "p", oidc_token_file = "/none",
    cloud_sso_sign_in_url = "https://h/x", access_token = bank.mark, cloud_sso_access_token_expire = 1800000000,
    oauth_site_type = "CN", oauth_refresh_token = bank.mark, process_command = "false",
    credentials_uri = "https://h/x" }

  for _, mode in ipairs { "AK", "StsToken", "RamRoleArn", "ChainableRamRoleArn", "EcsRamRole", "OIDC", "CloudSSO",
    "OAuth", "External", "CredentialsURI" } do
    it("is an error or a key, and never raises: " .. mode, function()
      local place = bank.new { files = { [".aliyun/config.json"] = "" } }
      for _, field in ipairs(FIELDS) do
        for _, wrong in ipairs { 5, true, {}, "a b\n" } do
          local profile = { mode = mode }
          for name, value in pairs(GOOD) do
            profile[name] = value
          end
          profile[field] = wrong
          local file = assert(io.open(place.home.path .. "/.aliyun/config.json", "w"))
          file:write(json.encode { current = "default", profiles = { profile, key_profile "other" } })
          file:close()
          place.events = {}
          local client = place:client { credentials = credentials.profile(), max_attempts = 1 }
          local run, err = client:describe_map_run(bank.names)
          assert.is_true(run ~= nil or err.kind == "credentials", field)
          assert.is_nil(place:printed(err, tostring(err)):find(bank.mark, 1, true), field)
        end
      end
      place:close()
    end)
  end
end)

describe("the region", function()
  local place

  local function host(row)
    place = bank.new(row)
    row.options = row.options or {}
    row.options.region = row.options.region or false
    local client = place:client(row.options)
    local found = tostring(client):match("%((%S+)%)")
    place:close()
    return found
  end

  local files = { [".aliyun/config.json"] = config(key_profile("a", { region_id = "cn-beijing" }),
    key_profile("b", { region_id = "cn-chengdu" }), key_profile("c", { region_id = "" })) }

  for _, row in ipairs {
    { "is the option first", "cn-hangzhou", options = { region = "cn-hangzhou" },
      env = { ALIBABA_CLOUD_REGION_ID = "cn-shanghai" } },
    { "is the variable next", "cn-shanghai", env = { ALIBABA_CLOUD_REGION_ID = "cn-shanghai" } },
    { "is the current profile's then", "cn-beijing" },
    { "is that of the profile the variable names", "cn-chengdu", env = { ALIBABA_CLOUD_PROFILE = "b" } },
    { "is that of the profile that was chosen", "cn-chengdu",
      options = { credentials = credentials.profile("b") } },
  } do
    it(row[1], function()
      assert.are.equal(row[2] .. ".fnf.aliyuncs.com", host { files = files, env = row.env, options = row.options })
    end)
  end

  for _, row in ipairs {
    { "is missing if nothing names it", "no region" },
    { "is missing if the profile has none", "no region", env = { ALIBABA_CLOUD_PROFILE = "c" }, files = files },
    { "is not read where the CLI's configuration is left out", "no region", files = files,
      env = { ALIBABA_CLOUD_CLI_PROFILE_DISABLED = "true" } },
    { "of a profile is checked", "the profile's region_id must be a region id",
      files = { [".aliyun/config.json"] = config(key_profile("a", { region_id = "x/y" })) } },
  } do
    it(row[1], function()
      local done, message = pcall(host, row)
      place:close()
      assert.is_false(done)
      assert.is_truthy(tostring(message):find(row[2], 1, true), tostring(message))
    end)
  end
end)

describe("docs/credentials.md", function()
  local function read(path)
    local file = assert(io.open(path))
    local text = file:read("*a")
    file:close()
    return text
  end

  it("names every variable that is read, and no other", function()
    local pipe = assert(io.popen(
      "cat lua/fnf/credentials/sts.lua lua/fnf/settings.lua lua/fnf/credentials.lua lua/fnf/credentials/*"))
    local sources, page = pipe:read("*a"), read("docs/credentials.md")
    pipe:close()
    local function names(text)
      local found = {}
      for name in text:gmatch("ALIBABA_CLOUD_[%u_]+%u") do
        found[name] = true
      end
      return found
    end
    assert.are.same(names(sources), names(page))
    assert.is_true(names(page).ALIBABA_CLOUD_STS_ENDPOINT)
  end)

  it("names every function", function()
    local page = read("docs/credentials.md")
    for name in pairs(credentials) do
      if name ~= "of" then
        assert.is_truthy(page:find("| `" .. name .. "[({]"), name)
      end
    end
  end)
end)

describe("fnf.credentials", function()
  -- Misuse: what is called, words of the message.
  for name, row in pairs {
    ["an unknown option"] = { function() credentials.assume_role { role_am = "x" } end, "did you mean role_arn?" },
    ["a secret with a blank"] = { function()
      credentials.static { access_key_id = "id", access_key_secret = "s3cr3t " }
    end, "access_key_secret begins or ends with a blank" },
    ["a missing secret"] = { function() credentials.static { access_key_id = "id" } end, "access_key_secret" },
    ["a short duration"] = { function() credentials.oidc { duration = 899 } end, "duration must be at least 900" },
    ["a plain URI"] = { function() credentials.uri { uri = "http://example.com/s3cr3t" } end, "must begin with https" },
    ["a command of the wrong type"] = { function() credentials.process { command = 5 } end, "must be a string or" },
    ["a word of the wrong type"] = { function() credentials.process { command = { "a", 5 } } end, "strings" },
    ["no command"] = { function() credentials.process {} end, "missing option command" },
    ["a profile that is no name"] = { function() credentials.profile {} end, "the name must be a string" },
    ["a source that is none"] = { function() credentials.assume_role { source = 5 } end, "must be one of" },
    ["credentials that are none"] = { function()
      fnf.new { region = "cn-hangzhou", credentials = { access_key_id = "s3cr3t" } }
    end, "option credentials must be one of fnf.credentials, or a function" },
    ["credentials and a key"] = { function()
      fnf.new { region = "cn-hangzhou", credentials = credentials.env(), access_key_id = "id",
        access_key_secret = "s3cr3t" }
    end, "exclude each other" },
  } do
    it("raises at the caller's line for " .. name, function()
      local done, message = pcall(row[1])
      assert.is_false(done)
      assert.is_truthy(message:find("credentials_spec.lua:%d+: "), message)
      assert.is_truthy(message:find(row[2], 1, true), message)
      assert.is_nil(message:find(bank.mark, 1, true))
    end)
  end

  it("keeps given keys although the caller's table changes", function()
    local given = { access_key_id = "id-s", access_key_secret = bank.mark, security_token = bank.mark }
    local place = bank.new {}
    local client = place:client { credentials = credentials.static(given) }
    given.access_key_id = "other"
    assert(client:describe_map_run(bank.names))
    assert.are.equal("id-s", place:signed().AccessKeyId)
    place:close()
  end)

  it("looks for a key at the first call, not before, and ends call and wait at once without one", function()
    local place = bank.new { env = { ALIBABA_CLOUD_ECS_METADATA_DISABLED = "true" } }
    local client = place:client()
    for _, method in ipairs { "describe_map_run", "wait_map_run" } do
      local _, err = client[method](client, bank.names)
      assert.are.equal("credentials", err.kind)
      assert.are.equal(1, err.attempts)
    end
    assert.are.same({ 0, 0 }, { #place.sent, place.clock })
    place.environment.ALIBABA_CLOUD_ACCESS_KEY_ID = "late"
    place.environment.ALIBABA_CLOUD_ACCESS_KEY_SECRET = bank.mark
    assert(client:describe_map_run(bank.names))
    assert.are.equal("late", place:signed().AccessKeyId)
    place:close()
  end)

  it("does not change the caller's tables", function()
    local place = bank.new { answers = { ["POST https://sts.aliyuncs.com/"] = bank.assumed("a", 3600) } }
    local given = { role_arn = "acs:ram::1:role/r", source = credentials.static {
      access_key_id = "id", access_key_secret = bank.mark } }
    local source = given.source
    assert(place:client({ credentials = credentials.assume_role(given) }):describe_map_run(bank.names))
    local names = {}
    for name in pairs(given) do
      names[#names + 1] = name
    end
    table.sort(names)
    assert.are.same({ "role_arn", "source" }, names)
    assert.are.equal(source, given.source)
    place:close()
  end)
end)
