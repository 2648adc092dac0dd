--- `fnf doctor`, run as a program against the emulator, and what it makes of nginx configurations.
-- SPDX-License-Identifier: MIT

local doctor = require "fnf.cli.doctor"
local emulator = require "fnf.emulator"
local json = require "fnf.json"
local shell = require "fnf.emulator.shell"

local fake_platform = require "spec.support.fake_platform"
local home = require "spec.support.temporary_home"

describe("fnf doctor", function()
  local cloud, folder

  setup(function()
    cloud = assert(emulator.start())
  end)

  teardown(function()
    cloud:stop()
  end)

  before_each(function()
    folder = home.new()
  end)

  after_each(function()
    folder:remove()
  end)

  --- Run it with this environment and nothing else, but for what marks its lines; all it prints, and its code.
  local function run(environment, words)
    local variables = { "PATH=" .. os.getenv "PATH" }
    for _, name in ipairs { "FNF_COVERAGE_ROOT", "FNF_COVERAGE", "LUA_INIT" } do
      environment[name] = os.getenv(name)
    end
    for name, value in pairs(environment) do
      variables[#variables + 1] = name .. "=" .. shell.quote(value)
    end
    local _, printed = shell.run(("env -i %s bin/fnf doctor %s; echo $?"):format(table.concat(variables, " "), words))
    return printed:match "^(.*)\n(%d+)$"
  end

  --- Its code, its findings by name, and all it printed.
  local function examine(environment)
    environment.LANG, environment.HOME = environment.LANG or "C.UTF-8", folder.path
    local text, code = run(environment, "-o json")
    local findings = {}
    for _, one in ipairs((json.decode(text) or { Findings = {} }).Findings) do
      findings[one.name] = findings[one.name] or one
      findings[#findings + 1] = one
    end
    return tonumber(code), findings, text
  end

  local function environment(more)
    local all = { FNF_ENDPOINT = cloud.url, ALIBABA_CLOUD_ACCESS_KEY_ID = cloud.access_key_id,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET = cloud.access_key_secret }
    for name, value in pairs(more or {}) do
      all[name] = value or nil
    end
    return all
  end

  it("finds nothing wrong where nothing is", function()
    local code, found, printed = examine(environment())
    assert.equal(0, code, printed)
    for _, name in ipairs { "versions", "locale", "endpoint", "proxy", "key", "addresses", "connection", "clock",
      "service" } do
      assert.equal("ok", found[name] and found[name].level, name)
    end
    assert.matches("libcurl %d+%.%d+", found.versions.text)
    assert.matches("IPv4 127.0.0.1; IPv6 none", found.addresses.text, 1, true)
  end)

  it("names the source of the key and the end of its id, and nothing secret", function()
    local secret = "SECRET" .. cloud.access_key_secret
    local _, found, printed = examine(environment { ALIBABA_CLOUD_ACCESS_KEY_SECRET = secret,
      https_proxy = "http://me:PROXYSECRET@127.0.0.1:9" })
    assert.matches("from default/env, its id ends with " .. cloud.access_key_id:sub(-4), found.key.text, 1, true)
    assert.is_nil(printed:find(secret, 1, true))
    assert.is_nil(printed:find("PROXYSECRET", 1, true))
    assert.is_nil(printed:find(cloud.access_key_id, 1, true))
  end)

  it("says of a wrong key what the refusal means, and ends with 4", function()
    local code, found = examine(environment { ALIBABA_CLOUD_ACCESS_KEY_SECRET = "wrong" })
    assert.same({ 4, "error" }, { code, found.service.level })
    assert.matches("secret is wrong", found.service.text, 1, true)
    assert.matches("key is wrong", found.service.advice, 1, true)
  end)

  it("tells why each source gives no key, and still looks at the network", function()
    local code, found = examine { FNF_ENDPOINT = cloud.url, ALIBABA_CLOUD_ECS_METADATA_DISABLED = "true" }
    assert.equal(4, code)
    local reasons, last = {}, nil
    for _, one in ipairs(found) do
      if one.name == "key" then
        reasons[#reasons + 1], last = one.text, one
      end
    end
    assert.matches("ALIBABA_CLOUD_ACCESS_KEY_ID", table.concat(reasons, "\n"), 1, true)
    assert.same({ "error", "no source gives one" }, { last.level, last.text })
    assert.equal("ok", found.connection.level)
    assert.is_nil(found.service)
  end)

  it("tells which sources were asked before the one that gave the key", function()
    folder:write(".aliyun/config.json", json.encode { current = "default", profiles = { { name = "default", mode = "AK",
      access_key_id = cloud.access_key_id, access_key_secret = cloud.access_key_secret } } })
    local code, found = examine { FNF_ENDPOINT = cloud.url }
    assert.equal(0, code)
    local texts = {}
    for _, one in ipairs(found) do
      texts[#texts + 1] = one.name == "key" and one.text or nil
    end
    assert.matches("^not from env: .*ALIBABA_CLOUD_ACCESS_KEY_ID", texts[1])
    assert.matches("^from default/cli_profile", texts[#texts])
  end)

  it("tells a missing region, a misspelt one and an address that is none", function()
    local key = { ALIBABA_CLOUD_ACCESS_KEY_ID = "k", ALIBABA_CLOUD_ACCESS_KEY_SECRET = "s" }
    local code, found = examine(key)
    assert.same({ 9, "error" }, { code, found.settings.level })
    assert.matches("--region", found.settings.advice, 1, true)
    key.FNF_ENDPOINT = "ftp://here"
    code, found = examine(key)
    assert.same({ 9, "FNF_ENDPOINT must begin with https:// or http://" }, { code, found.settings.text })
    key.FNF_ENDPOINT, key.ALIBABA_CLOUD_REGION_ID = nil, "cn-hangzou"
    key.https_proxy = "http://127.0.0.1:9" -- so that nothing is asked for beyond this machine
    code, found = examine(key)
    assert.same({ 8, "warning" }, { code, found.endpoint.level })
    assert.matches("did you mean cn-hangzhou?", found.endpoint.advice, 1, true)
    assert.matches("127.0.0.1:9 (https_proxy)", found.proxy.text, 1, true)
  end)

  it("tells a name without an address, a closed port and an unknown authority apart", function()
    local code, found = examine(environment { FNF_ENDPOINT = "https://no-such-host.invalid" })
    assert.same({ 8, "error" }, { code, found.addresses.level })
    assert.is_nil(found.connection)
    code, found = examine(environment { FNF_ENDPOINT = "http://127.0.0.1:9" })
    assert.same({ 8, "ok", "error" }, { code, found.addresses.level, found.connection.level })
    assert.matches("curl -v http://127.0.0.1:9", found.connection.advice, 1, true)
    code, found = examine(environment { FNF_ENDPOINT = cloud.https_url })
    assert.same({ 8, "error" }, { code, found.connection.level })
    assert.matches("FNF_CA_FILE", found.connection.advice, 1, true)
    code, found = examine(environment { FNF_ENDPOINT = cloud.https_url, FNF_CA_FILE = cloud.ca_file })
    assert.same({ 0, "ok" }, { code, found.connection.level })
    assert.matches("signed by an authority of " .. cloud.ca_file, found.connection.text, 1, true)
  end)

  it("prints a line a finding, and what to do below it", function()
    local printed, code = run({ FNF_ENDPOINT = "http://127.0.0.1:9", ALIBABA_CLOUD_ACCESS_KEY_ID = "k",
      ALIBABA_CLOUD_ACCESS_KEY_SECRET = "s" }, "")
    assert.matches("\nwarning  locale      none is set\n" .. (" "):rep(21) .. "-> set LANG=C.UTF-8", printed, 1, true)
    assert.matches("\nerror    connection ", printed, 1, true)
    assert.equal("8", code)
  end)
end)

describe("fnf doctor beside the service's clock", function()
  local function examine(date)
    local cloud = fake_platform.new { { status = 404, headers = { date = date }, body = "" }, { Regions = {} } }
    local found = {}
    for _, one in ipairs(doctor.examine({}, function()
      return cloud:client { endpoint = "http://127.0.0.1:1" }
    end)) do
      found[one.name] = one
    end
    return found, cloud
  end

  --- As a Date, so many seconds after the fake's time.
  local function date(seconds)
    return os.date("!%a, %d %b %Y %H:%M:%S GMT", 1790000000 + seconds)
  end

  it("is content with a minute, warns of more, and says when signatures are refused", function()
    local found = examine(date(-60))
    assert.same({ "ok", "60 s ahead of the service's" }, { found.clock.level, found.clock.text })
    found = examine(date(61))
    assert.same({ "warning", "61 s behind the service's", "set this machine's clock" },
      { found.clock.level, found.clock.text, found.clock.advice })
    found = examine(date(901))
    assert.matches("a signature this far off is refused once", found.clock.advice, 1, true)
  end)

  it("warns of an answer without a date, and still asks the service", function()
    local found, cloud = examine(nil)
    assert.same({ "warning", "ok", 2 }, { found.clock.level, found.service.level, #cloud.sent })
  end)
end)

describe("fnf doctor --nginx", function()
  local function look(text, variables)
    local found = {}
    doctor.look_at_nginx(found, text, function(name)
      return (variables or {})[name]
    end)
    local by_name = {}
    for _, one in ipairs(found) do
      by_name[one.name] = one
    end
    return by_name, doctor.code(found)
  end

  local WHOLE = [[
    env ALIBABA_CLOUD_ACCESS_KEY_ID; env "ALIBABA_CLOUD_ACCESS_KEY_SECRET=x";
    http { resolver 127.0.0.53 valid=30s; lua_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;
      lua_shared_dict fnf 1m; include mime.types; }
  ]]

  it("is content with a whole one", function()
    local found, code = look(WHOLE, { ALIBABA_CLOUD_ACCESS_KEY_ID = "k", ALIBABA_CLOUD_ACCESS_KEY_SECRET = "s" })
    assert.equal(0, code)
    for name, one in pairs(found) do
      assert.equal("ok", one.level, name)
    end
    assert.equal("127.0.0.53 valid=30s", found.resolver.text)
  end)

  it("misses what is missing, commented out or only quoted, and says what to add", function()
    local found, code = look('http { # resolver 1.1.1.1;\n  return 200 "resolver 1.1.1.1;"; }',
      { ALIBABA_CLOUD_ACCESS_KEY_ID = "k" })
    assert.equal(9, code)
    assert.same({ "error", "error", "warning", "warning" }, { found.resolver.level,
      found.lua_ssl_trusted_certificate.level, found.lua_shared_dict.level, found.env.level })
    assert.matches("add `resolver", found.resolver.advice, 1, true)
    assert.matches("env ALIBABA_CLOUD_ACCESS_KEY_ID;", found.env.advice, 1, true)
  end)

  it("says which files it has not read", function()
    local found = look("http { include mime.types; include conf.d/*.conf; }")
    assert.equal("not read: conf.d/*.conf", found.include.text)
  end)

  it("takes any text", function()
    for _, text in ipairs { "", "'", "{", "}}}", ";;;", "a", "resolver", ("x "):rep(1000), "\0;\255" } do
      assert.is_table(look(text))
    end
  end)

  it("reads a file or stdin, and ends with 9 if there is none", function()
    local printed = select(2, shell.run [[printf 'resolver 1.1.1.1;' | bin/fnf doctor --nginx -; echo "code $?"]])
    assert.matches("ok       resolver    1.1.1.1", printed, 1, true)
    assert.matches("code 9", printed, 1, true)
    printed = select(2, shell.run [[f=$(mktemp); echo 'resolver 8.8.8.8;' >$f; bin/fnf doctor --nginx $f; rm $f]])
    assert.matches("ok       resolver    8.8.8.8", printed, 1, true)
    printed = select(2, shell.run [[bin/fnf doctor --nginx /no/such/file; echo "code $?"]])
    assert.matches("No such file", printed, 1, true)
    assert.matches("code 9", printed, 1, true)
  end)
end)
