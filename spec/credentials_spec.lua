-- The public functions of fnf.credentials, functions of the user's, and the region.
-- SPDX-License-Identifier: MIT
local fake_sources = require "spec.support.fake_sources"
local credentials = require "fnf.credentials"
local file = require "pl.file"
local fnf = require "fnf"
local json = require "fnf.json"
local source_rows = require "spec.support.source_rows"

local function config(...)
  return json.encode { current = (...).name, profiles = { ... } }
end

local function key_profile(name, fields)
  local made = { name = name, mode = "AK", access_key_id = "id-" .. name, access_key_secret = fake_sources.mark }
  for field, value in pairs(fields or {}) do
    made[field] = value
  end
  return made
end

describe("the region", function()
  local place

  local function host(row)
    place = fake_sources.new(row)
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
  it("names every variable that is read, and no other", function()
    local pipe = assert(io.popen(
      "cat lua/fnf/credentials/sts.lua lua/fnf/settings.lua lua/fnf/credentials.lua lua/fnf/credentials/*"))
    local sources, page = pipe:read("*a"), file.read("docs/credentials.md")
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
    local page = file.read("docs/credentials.md")
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
    ["12.19: a role that is none"] = { function() credentials.assume_role { role_arn = "nonsense" } end,
      "option role_arn must be a role's ARN such as acs:ram::" },
    ["12.19: a user in the place of a role"] = { function()
      credentials.oidc { role_arn = "acs:ram::1:user/u" }
    end, "option role_arn must be a role's ARN" },
    ["12.19: a session name that is too long"] = { function()
      credentials.assume_role { session_name = ("x"):rep(70) }
    end, "option session_name must have 2 to 64 characters, has 70" },
    ["12.19: a session name that is too short"] = { function() credentials.oidc { session_name = "x" } end,
      "2 to 64 characters, has 1" },
    ["12.19: a session name with a slash"] = { function() credentials.oidc { session_name = "a/b" } end,
      "option session_name must be of letters, digits, . @ - _" },
    ["12.19: a policy that is no JSON"] = { function() credentials.assume_role { policy = "{s3cr3t" } end,
      "option policy must be a table, or JSON as a string" },
    ["12.19: a policy that is no object"] = { function() credentials.oidc { policy = '"s3cr3t"' } end,
      "option policy must be a JSON object" },
    ["12.19: a policy that is a list"] = { function() credentials.oidc { policy = { { Effect = "Allow" } } } end,
      "option policy must be a JSON object" },
    ["12.19: an STS by plain http"] = { function()
      credentials.assume_role { sts_endpoint = "http://sts.example.com" }
    end, "option sts_endpoint must begin with https://" },
    ["an STS longer than any name"] = { function()
      credentials.oidc { sts_endpoint = "https://" .. ("s3cr3t."):rep(50) }
    end, "option sts_endpoint has more than 300 bytes" },
    ["12.19: an STS with a path"] = { function() credentials.oidc { sts_endpoint = "https://h/s3cr3t" } end,
      "option sts_endpoint must be scheme and host only" },
    ["12.19: metadata at a place that is none"] = { function()
      credentials.ecs_ram_role { endpoint = "ftp://s3cr3t" }
    end, "option endpoint must begin with https:// or http://" },
    ["12.19: an instance's role that is a path"] = { function()
      credentials.ecs_ram_role { role_name = "../s3cr3t" }
    end, "option role_name must be a role's name" },
    ["12.19: a command with an open quote"] = { function() credentials.process { command = "a 's3cr3t" } end,
      "option command has a quote that is not closed" },
    ["12.19: an empty command"] = { function() credentials.process { command = {} } end, "option command is empty" },
    ["12.20: a key with quotes"] = { function()
      credentials.static { access_key_id = '"id"', access_key_secret = "s3cr3t" }
    end, "access_key_id holds a quote (was it copied with the quotes around it?)" },
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
      assert.is_nil(message:find(fake_sources.mark, 1, true))
    end)
  end

  it("12.19: takes roles, sessions, policies and places as they may be", function()
    credentials.assume_role { role_arn = "acs:ram::1234567890123456:role/aliyunfnfrole-1.x", session_name = "a.b@c-d_e",
      policy = ' {"Version":"1","Statement":[]}', sts_endpoint = "sts.cn-hangzhou.aliyuncs.com" }
    credentials.oidc { policy = { Version = "1" }, session_name = ("x"):rep(64), sts_endpoint = "http://[::1]:80" }
    credentials.ecs_ram_role { role_name = "role-1.x_y@z", endpoint = "http://127.0.0.1:8080/" }
    credentials.process { command = "keys 'a b'" }
  end)

  it("keeps given keys although the caller's table changes", function()
    local given = { access_key_id = "id-s", access_key_secret = fake_sources.mark, security_token = fake_sources.mark }
    local place = fake_sources.new {}
    local client = place:client { credentials = credentials.static(given) }
    given.access_key_id = "other"
    assert(client:describe_map_run(fake_sources.names))
    assert.are.equal("id-s", place:signed().AccessKeyId)
    place:close()
  end)

  it("looks for a key at the first call, not before, and ends call and wait at once without one", function()
    local place = fake_sources.new { env = { ALIBABA_CLOUD_ECS_METADATA_DISABLED = "true" } }
    local client = place:client()
    for _, method in ipairs { "describe_map_run", "wait_map_run" } do
      local _, err = client[method](client, fake_sources.names)
      assert.are.equal("credentials", err.kind)
      assert.are.equal(1, err.attempts)
    end
    assert.are.same({ 0, 0 }, { #place.sent, place.clock })
    place.environment.ALIBABA_CLOUD_ACCESS_KEY_ID = "late"
    place.environment.ALIBABA_CLOUD_ACCESS_KEY_SECRET = fake_sources.mark
    assert(client:describe_map_run(fake_sources.names))
    assert.are.equal("late", place:signed().AccessKeyId)
    place:close()
  end)

  it("does not change the caller's tables", function()
    local place = fake_sources.new { answers = {
      ["POST https://sts.aliyuncs.com/"] = fake_sources.assumed("a", 3600) } }
    local given = { role_arn = "acs:ram::1:role/r", source = credentials.static {
      access_key_id = "id", access_key_secret = fake_sources.mark } }
    local source = given.source
    assert(place:client({ credentials = credentials.assume_role(given) }):describe_map_run(fake_sources.names))
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

local rows = {
  { "a function of the user's", id = "id-f", source = "function", given = function()
    return function() return { access_key_id = "id-f", access_key_secret = "s3cr3t" } end
  end },
  { "a function that gives none", error = "gave none: no vault today", given = function()
    return function() return nil, "no vault today" end
  end },
  { "a function that gives a key with a line break", error = "access_key_secret begins or ends", given = function()
    return function() return { access_key_id = "id-f", access_key_secret = "s3cr3t\n" } end
  end },
  { "12.17: a function that gives an end in words", error = "expires must be a number", given = function()
    return function() return { access_key_id = "id-f", access_key_secret = "s3cr3t", expires = "tomorrow" } end
  end },
  { "12.17: a function that gives an end that is no number", error = "expires must be a number", given = function()
    return function() return { access_key_id = "id-f", access_key_secret = "s3cr3t", expires = 0 / 0 } end
  end },
}

describe("credentials:", function()
  for _, row in ipairs(rows) do
    it(row[1], function() source_rows.check(row) end)
  end
end)
