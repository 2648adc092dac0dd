--- Row, parameters, key, time and nonce to a signed request: the vectors, through the client's own way.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local json = require "fnf.json"
local request = require "fnf.call.request"
local fake_platform = require "spec.support.fake_platform"

local function vectors()
  local file = assert(io.open("spec/vectors/signing.json", "rb"))
  local text = file:read("*a")
  file:close()
  return assert(json.decode(text)).vectors
end

local SYSTEM = { Action = true, Format = true, Version = true, Timestamp = true, SignatureNonce = true,
  SignatureMethod = true, SignatureVersion = true, AccessKeyId = true, SecurityToken = true }

--- A vector as what the client would be given: a row, parameters, a target and a key.
local function given(vector)
  local input = vector.input
  local row = { action = input.action, method = input.http_method, parameters = {} }
  local params = {}
  for _, pair in ipairs(input.query) do
    if not SYSTEM[pair[1]] then
      params[pair[1]], row.parameters[pair[1]] = pair[2], { type = "string", query = true }
    end
  end
  for _, pair in ipairs(input.body.params or {}) do
    params[pair[1]], row.parameters[pair[1]] = pair[2], { type = "string" }
  end
  local target = { endpoint = { url = "https://" .. input.host, host = input.host }, algorithm = vector.algorithm,
    user_agent = "vectors", version = input.version, headers = {} }
  local key = assert(request.key(vector.algorithm, { access_key_id = input.access_key_id,
    access_key_secret = input.access_key_secret, security_token = input.security_token }))
  return target, key, { row = row, params = params, timestamp = input.date, nonce = input.nonce, stages = {} }
end

--- Whether the client would make that very request: the vectors' own client names its key's provider, which is
--- signed in the ACS3 family, and has bodies that this service has no use for.
local function is_ours(vector)
  return vector.level == "client" and vector.family == "RPC"
end

describe("a whole request of the RPC family", function()
  local count = 0
  for _, vector in ipairs(vectors()) do
    if is_ours(vector) then
      count = count + 1
      it(("%s: %s"):format(vector.id, vector.title), function()
        local target, key, call = given(vector)
        local signed = request.sign(target, key, call)
        local expected = vector.expected
        assert.equal(expected.canonical_params, call.stages.canonical_params)
        assert.equal(expected.string_to_sign, call.stages.string_to_sign)
        assert.equal(expected.signature, call.stages.signature)
        assert.same(fake_platform.parameters(expected.wire_url:match("%?(.*)$")),
          fake_platform.parameters(signed.url:match("%?(.*)$")))
        assert.equal(vector.input.http_method, signed.method)
        assert.same(fake_platform.parameters(vector.input.body.text), fake_platform.parameters(signed.body))
      end)
    end
  end

  it("is in the vectors eight times", function()
    assert.equal(8, count)
  end)
end)

describe("a whole request of the ACS3 family", function()
  local ROW = { action = "StartExecution", method = "POST",
    parameters = { FlowName = { type = "name" }, Input = { type = "json" },
      TaskToken = { type = "name", query = true } } }
  local TARGET = { endpoint = { url = "http://h:81", host = "h:81" }, user_agent = "u", version = "2019-03-15" }

  for _, algorithm in ipairs { "ACS3-HMAC-SHA256", "ACS3-HMAC-SM3" } do
    it("signs every header that has to be signed, and the body that is sent: " .. algorithm, function()
      TARGET.algorithm, TARGET.headers = algorithm, {}
      local key = assert(request.key(algorithm, { access_key_id = "id", access_key_secret = "secret",
        security_token = "token" }))
      local stages = {}
      local signed = request.sign(TARGET, key, { row = ROW, params = { FlowName = "f &", Input = { 1, 2 },
        TaskToken = "a/b" }, timestamp = "2026-01-01T00:00:00Z", nonce = "n", stages = stages })
      assert.equal("http://h:81/?TaskToken=a%2Fb", signed.url)
      assert.same({ FlowName = "f &", Input = "[1,2]" }, fake_platform.parameters(signed.body))
      assert.equal("content-type;host;x-acs-accesskey-id;x-acs-action;x-acs-content-sha256;x-acs-date;"
        .. "x-acs-security-token;x-acs-signature-nonce;x-acs-version", stages.signed_headers)
      assert.equal(core.signer(algorithm, "", "x"):hash(signed.body), signed.headers["x-acs-content-sha256"])
      for name, value in pairs(signed.headers) do
        if name:find("^x%-acs%-") or name == "content-type" then
          assert.is_truthy(stages.canonical_request:find(("\n%s:%s\n"):format(name, value), 1, true), name)
        end
      end
      assert.is_truthy(stages.canonical_request:find("\nhost:h:81\n", 1, true))
      assert.equal(("%s Credential=id,SignedHeaders=%s,Signature=%s"):format(algorithm, stages.signed_headers,
        stages.signature), signed.headers.authorization)
    end)
  end
end)

describe("a parameter", function()
  local ROWS = {
    { 5, "5" }, { 5.0, "5" }, { -3, "-3" }, { 0, "0" }, { 1e15, "1000000000000000" }, { 2.5, "2.5" }, { 0.1, "0.1" },
    { true, "true" }, { false, "false" }, { "", "" }, { "x", "x" }, { "中 &=+%", "中 &=+%" }, { { a = 1 }, '{"a":1}' },
  }
  for _, row in ipairs(ROWS) do
    it("travels as the service writes it: " .. row[2], function()
      local key = assert(request.key("HMAC-SHA1", { access_key_id = "a", access_key_secret = "b" }))
      for _, method in ipairs { "GET", "POST" } do
        local signed = request.sign({ endpoint = { url = "https://h", host = "h" }, algorithm = "HMAC-SHA1",
          user_agent = "u", version = "v", headers = {} }, key, { row = { action = "A", method = method,
          parameters = { P = { type = "any" } } }, params = { P = row[1] }, timestamp = "t", nonce = "n" })
        local text = method == "GET" and signed.url:match("[?&]P=([^&]*)") or signed.body:match("^P=(.*)$")
        assert.equal(row[2], (text:gsub("%%(%x%x)", function(digits)
          return string.char(tonumber(digits, 16))
        end)))
        assert.equal(method == "GET", signed.body == nil)
      end
    end)
  end
end)

describe("a call that cannot be signed", function()
  local function refuse()
    return nil, "no memory", "no memory for this"
  end

  --- What comes of a call where these functions of fnf.core are others, and how many requests were sent.
  local function call(functions, signature)
    local kept = {}
    for name, replacement in pairs(functions) do
      kept[name], core[name] = core[name], replacement
    end
    local cloud = fake_platform.new { fake_platform.run() }
    local done, _, err = pcall(function()
      return cloud:client({ signature = signature, max_attempts = 1 }):describe_map_run(fake_platform.names)
    end)
    for name, original in pairs(kept) do
      core[name] = original
    end
    assert.is_true(done, err)
    return err, #cloud.sent
  end

  it("sends nothing, and says which signature this machine's libcrypto lacks", function()
    local err, sent = call({ signer = function() return nil, "crypto", "libcrypto lacks the algorithm" end },
      "ACS3-HMAC-SM3")
    assert.same({ "credentials", 0 }, { err.kind, sent })
    assert.equal("the key cannot sign by ACS3-HMAC-SM3: libcrypto lacks the algorithm", err.message)
  end)

  local function signer_of(methods)
    return { signer = function() return methods end }
  end

  local STEPS = {
    { "HMAC-SHA1", "its key", { signer = refuse } },
    { "HMAC-SHA1", "its plan", signer_of { plan = refuse } },
    { "HMAC-SHA1", "its texts", signer_of { plan = function() return refuse end } },
    { "ACS3-HMAC-SHA256", "its hash", signer_of { hash = refuse } },
    { "ACS3-HMAC-SHA256", "its headers", signer_of { hash = function() return "hash" end, acs3 = refuse } },
  }
  for _, row in ipairs(STEPS) do
    it(("is one of memory where there is none for %s (%s)"):format(row[2], row[1]), function()
      local err, sent = call(row[3], row[1])
      assert.same({ "memory", "no memory for this", 0 }, { err.kind, err.message, sent })
    end)
  end

  it("is told so too where nothing is signed", function()
    local encode = core.encode
    core.encode = refuse
    local _, status = request.sign({ endpoint = { url = "https://h", host = "h" }, algorithm = "none",
      user_agent = "u", version = "v", headers = {} }, nil, { row = { action = "A", method = "GET", parameters = {} },
      params = {}, timestamp = "t", nonce = "n" })
    core.encode = encode
    assert.equal("no memory", status)
  end)
end)

describe("a parameter that was not checked", function()
  for _, algorithm in ipairs { "HMAC-SHA1", "ACS3-HMAC-SHA256" } do
    it("is left out, for the caller has added it while his call waited: " .. algorithm, function()
      local key = assert(request.key(algorithm, { access_key_id = "a", access_key_secret = "b" }))
      local target = { endpoint = { url = "https://h", host = "h" }, algorithm = algorithm, user_agent = "u",
        version = "v", headers = {} }
      for _, method in ipairs { "GET", "POST" } do
        local params = { P = "1" }
        local call = { row = { action = "A", method = method, parameters = { P = {} } }, params = params,
          timestamp = "t", nonce = "n" }
        local before = request.sign(target, key, call)
        params.Q = "2"
        assert.same(before, request.sign(target, key, call))
      end
    end)
  end
end)

describe("a key", function()
  it("holds no secret that a table walker could print", function()
    local key = assert(request.key("HMAC-SHA1", { access_key_id = "a", access_key_secret = fake_platform.secret }))
    for _, value in pairs(key) do
      assert.is_nil(tostring(value):find(fake_platform.secret, 1, true))
    end
  end)
end)
