--- Module fnf.core: the glue around signatures, nonces, random numbers and clocks.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"

--- What Lua itself says of an argument; LuaJIT and PUC agree so far.
local function raises(pattern, call)
  local done, message = pcall(call)
  assert.is_false(done)
  assert.matches(pattern, message)
end

local function set_collector(name, value)
  if _VERSION == "Lua 5.5" then
    return collectgarbage("param", name, value)
  end
  return collectgarbage("set" .. name, value)
end

local function rpc_signer()
  return assert(core.signer("HMAC-SHA1", "id", "secret"))
end

--- A request of RPC's family whose parameters are the same each time.
local function signed(signer, method, query, form, stages)
  return assert(signer:plan(method, "", query, form))({}, nil, nil, stages)
end

--- Many pairs, in an order that needs sorting.
local function many_pairs(count)
  local list, sorted = {}, {}
  for i = 1, count do
    local name = ("p%04d"):format(count - i)
    list[2 * i - 1], list[2 * i] = name, "v " .. i
    sorted[count - i + 1] = name .. "=v%20" .. i
  end
  return list, table.concat(sorted, "&")
end

describe("core.signer", function()
  it("refuses arguments of another kind, naming them", function()
    raises("bad argument #1 to 'signer'", function() core.signer() end)
    raises("bad argument #1 to 'signer' %(unknown algorithm%)", function() core.signer("HMAC-MD5", "id", "secret") end)
    raises("bad argument #2 to 'signer'", function() core.signer("HMAC-SHA1", 1, "secret") end)
    raises("bad argument #3 to 'signer'", function() core.signer("HMAC-SHA1", "id", {}) end)
    raises("bad argument #3 to 'signer'", function() core.signer("HMAC-SHA1", "id", 12) end)
  end)

  it("tells a bad key without raising", function()
    local signer, reason = core.signer("ACS3-RSA-SHA256", "id", "no key")
    assert.is_nil(signer)
    assert.equal("bad input", reason)
  end)

  it("gives objects that hide their metatable", function()
    assert.equal("locked", getmetatable(rpc_signer()))
    assert.is_false(pcall(setmetatable, rpc_signer(), {}))
  end)

  it("takes an empty id and secret, and those with NUL", function()
    for _, text in ipairs { "", "\0", "a\0b" } do
      assert.is_string((signed(assert(core.signer("HMAC-SHA1", text, text)), "GET", { "a", "b" })))
    end
  end)
end)

describe("a signer", function()
  it("refuses arguments of another kind, naming them", function()
    local signer = rpc_signer()
    raises("bad argument #1 to 'plan'", function() signer:plan(nil, "", {}) end)
    raises("bad argument #2 to 'plan'", function() signer:plan("GET", nil, {}) end)
    raises("bad argument #3 to 'plan'", function() signer:plan("GET", "", "a=b") end)
    raises("bad argument #4 to 'plan'", function() signer:plan("POST", "", {}, 5) end)
    raises("bad argument #1 to 'hash'", function() signer:hash(5) end)
    raises("bad argument #4 to 'acs3'", function() signer:acs3("GET", {}, {}) end)
    raises("bad argument #3 to 'acs3'", function() signer:acs3("GET", {}, true, "") end)
  end)

  it("refuses arrays that are no pairs of strings", function()
    local signer = rpc_signer()
    raises("bad argument #3 to 'plan' %(a value is missing%)", function() signer:plan("GET", "", { "a" }) end)
    raises("bad argument #4 to 'plan' %(a value is missing%)", function()
      signer:plan("GET", "", {}, { "a", "b", "c" })
    end)
    for _, odd in ipairs { 1, true, {}, print } do
      raises("#3 to 'plan' %(not an array of strings%)", function() signer:plan("GET", "", { "a", odd }) end)
      raises("#3 to 'plan' %(not an array of strings%)", function() signer:plan("GET", "", { odd, "a" }) end)
      raises("#3 to 'acs3' %(not an array of strings%)", function() signer:acs3("GET", {}, { odd, "a" }, "") end)
    end
  end)

  it("ignores metamethods of an array", function()
    local list = setmetatable({ "a", "b" }, { __index = error, __len = error })
    assert.matches("^a=b&Signature=", (signed(rpc_signer(), "GET", list)))
  end)

  it("does not change the caller's arrays", function()
    local list = { "b", "2", "a", "1" }
    signed(rpc_signer(), "POST", list, list)
    assert.same({ "b", "2", "a", "1" }, list)
  end)

  it("refuses another object as itself", function()
    for _, other in ipairs { io.stdout, {}, "text" } do
      assert.is_false(pcall(rpc_signer().plan, other, "GET", "", {}))
    end
  end)

  it("raises once it is closed, and may be closed again", function()
    local signer = rpc_signer()
    local sign = signer:plan("GET", "", { "a", false })
    signer:close()
    signer:close()
    for _, method in ipairs { "plan", "acs3", "hash" } do
      raises("signer is closed", function() signer[method](signer, "GET", {}, {}, "") end)
    end
    raises("signer is closed", function() sign { a = "b" } end)
  end)

  it("stays good after a call that raised", function()
    local signer = rpc_signer()
    local sign = signer:plan("GET", "", { "a", false })
    local before = sign { a = "b" }
    pcall(signer.plan, signer, "GET", "", { "a", {} })
    pcall(signer.plan, signer, "GET", "", { "a", ("x"):rep(17 * 1024 * 1024) })
    raises("too big", function() sign { a = ("x"):rep(17 * 1024 * 1024) } end)
    assert.equal(before, (sign { a = "b" }))
  end)

  it("takes no pairs, absent pairs, and hundreds, of one value or of another each time", function()
    local signer = rpc_signer()
    assert.matches("^&Signature=", (signed(signer, "GET")))
    for _, count in ipairs { 1, 31, 32, 33, 34, 500 } do
      local list, sorted = many_pairs(count)
      local stages, later = {}, {}
      local wire = signed(signer, "GET", list, nil, stages)
      assert.equal(sorted, stages.canonical_params)
      assert.equal(sorted .. "&Signature=", wire:sub(1, #sorted + 11))
      for i = 2, 2 * count, 2 do
        later[list[i - 1]], list[i] = list[i], false
      end
      assert.equal(wire, (signer:plan("GET", "", list)(later)))
    end
  end)

  it("sends a form apart from the query, though both are signed", function()
    local stages = {}
    local wire, form = signed(rpc_signer(), "POST", { "b", "2", "d", "4" }, { "c", "3", "a", "1" }, stages)
    assert.equal("a=1&b=2&c=3&d=4", stages.canonical_params)
    assert.matches("^b=2&d=4&Signature=", wire)
    assert.equal("a=1&c=3", form)
    assert.equal("", (select(2, signed(rpc_signer(), "POST", { "b", "2" }, {}))))
    assert.is_nil((select(2, signed(rpc_signer(), "POST", { "b", "2" }))))
  end)

  it("plans requests that differ in some values, the time and the nonce among them", function()
    local signer, stages = rpc_signer(), {}
    local query = { "d", "4", "Timestamp", false, "b", false, "SignatureNonce", false }
    local sign = signer:plan("POST", "http://h/?", query, { "c", false, "a", "1" })
    local url, form = sign({ c = "&", b = "2" }, "t", "n", stages)
    assert.equal("SignatureNonce=n&Timestamp=t&a=1&b=2&c=%26&d=4", stages.canonical_params)
    assert.matches("^http://h/%?SignatureNonce=n&Timestamp=t&b=2&d=4&Signature=", url)
    assert.equal("a=1&c=%26", form)
    url, form = sign({}, "u", "m") -- what is not given is left out, whatever was given before
    assert.matches("^http://h/%?SignatureNonce=m&Timestamp=u&d=4&Signature=", url)
    assert.equal("a=1", form)
    raises("bad argument #2", function() sign({}, nil, "n") end)
    raises("bad argument #3", function() sign({}, "t") end)
    assert.is_false(sign({ x = "1" }, "t", "n"))
    assert.is_false(sign({ a = "2" }, "t", "n"))
    raises("bad argument #1", function() sign("b", "t", "n") end)
    for _, odd in ipairs { 1, true, {}, print } do
      assert.is_false((sign({ b = odd }, "t", "n")))
    end
    assert.is_false((sign(setmetatable({ b = "2" }, {}), "t", "n")))
  end)

  it("keeps what a plan is made of", function()
    local sign = rpc_signer():plan("GET", ("x"):rep(40), { ("n"):rep(50), ("v"):rep(50) })
    collectgarbage()
    collectgarbage()
    assert.matches("^x+n+=v+&Signature=", (sign {}))
  end)

  it("survives a collector that never rests", function()
    local pause, mul = set_collector("pause", 1), set_collector("stepmul", 10000)
    local signer, want = rpc_signer()
    for i = 1, 70 do
      local list, sorted = many_pairs(i)
      local stages = {}
      local wire = signed(signer, "GET", list, i % 3 == 0 and {} or nil, stages)
      assert.equal(sorted, stages.canonical_params)
      assert.equal(#sorted + 11, (wire:find("&Signature=", 1, true) or 0) + 10)
      local other = assert(core.signer("ACS3-HMAC-SHA256", "id" .. i, "secret"))
      local _, authorization = other:acs3("GET", list, { "Host", "h" .. i % 2 }, "hash")
      assert.matches("Credential=id" .. i .. ",SignedHeaders=host,Signature=%x+$", authorization)
      want = want or core.encode { "a", " " }
      assert.equal(want, core.encode { "a", " " })
    end
    set_collector("pause", pause)
    set_collector("stepmul", mul)
  end)

  it("closes by itself where Lua has <close>", function()
    local chunk = (rawget(_G, "loadstring") or load)([[
      local core = ...
      local kept
      do local signer <close> = core.signer("HMAC-SHA1", "id", "secret"); kept = signer end
      return kept
    ]])
    assert.equal(_VERSION >= "Lua 5.4", chunk ~= nil)
    if chunk then
      local closed = chunk(core)
      raises("signer is closed", function() closed:hash("") end)
    end
  end)
end)

describe("core.encode", function()
  it("sorts and encodes", function()
    assert.equal("A=%26&a=%20~&b=", core.encode { "b", "", "a", " ~", "A", "&" })
    assert.equal("", core.encode {})
    assert.equal("%00=%FF", core.encode { "\0", "\255" })
  end)

  it("refuses what is no array of pairs", function()
    raises("bad argument #1 to 'encode'", function() core.encode("a=b") end)
    raises("a value is missing", function() core.encode { "a" } end)
    raises("too big", function() core.encode { "a", ("x"):rep(17 * 1024 * 1024) } end)
  end)
end)

describe("clocks and randomness", function()
  it("draws nonces of 32 hex digits, none twice", function()
    local seen = {}
    for _ = 1, 2000 do
      local nonce = core.nonce()
      assert.matches("^%x+$", nonce)
      assert.equal(32, #nonce)
      assert.is_nil(seen[nonce])
      seen[nonce] = true
    end
  end)

  it("draws numbers from 0 to 1, whatever the host's seed", function()
    local sum, same = 0, 0
    for _ = 1, 2000 do
      math.randomseed(1)
      local drawn = core.random()
      assert.is_true(drawn >= 0 and drawn < 1)
      sum, same = sum + drawn, same + (drawn == core.random() and 1 or 0)
    end
    assert.is_true(sum > 800 and sum < 1200)
    assert.equal(0, same)
  end)

  it("tells a time that never goes back, and the world's", function()
    local first = core.now()
    assert.is_true(core.now() >= first)
    assert.is_true(math.abs(core.time() - os.time()) < 2)
  end)

  it("sleeps as long as it is told", function()
    local start = core.now()
    core.sleep(0.02)
    assert.is_true(core.now() - start >= 0.02)
    core.sleep(0)
  end)

  it("refuses to sleep for no span of time", function()
    for _, odd in ipairs { -1, 0 / 0, math.huge, 86401 } do
      raises("bad argument #1 to 'sleep'", function() core.sleep(odd) end)
    end
    raises("bad argument #1 to 'sleep'", function() core.sleep() end)
  end)
end)

describe("core.normalize", function()
  local null = require("cjson").null

  it("takes null away at every depth, and leaves everything else of no number alone", function()
    local list = { "a", null, { null } }
    local value = core.normalize { a = null, b = { c = null, d = false }, list = list, text = "12" }
    assert.same({ b = { d = false }, list = { "a", nil, {} }, text = "12" }, value)
    assert.equal(list, value.list)
  end)

  it("makes whole floats integers where Lua has them, but for the named ones", function()
    local value = core.normalize({ whole = 3.0, part = 2.5, share = 5.0, huge = 1e300, deep = { n = -7.0 } },
      { share = true })
    assert.same({ 3, 2.5, 5, 1e300, -7 }, { value.whole, value.part, value.share, value.huge, value.deep.n })
    assert.same({ tostring(3), "2.5", tostring(5.0), tostring(-7) }, -- "3" and "3.0" tell the types apart
      { tostring(value.whole), tostring(value.part), tostring(value.share), tostring(value.deep.n) })
  end)

  it("12.9: takes integers as newer versions of lua-cjson give them, and makes floats of those that are", function()
    local value = core.normalize({ whole = 3, share = 5, deep = { share = 7, huge = 9007199254740993 } },
      { share = true })
    assert.same({ tostring(3), tostring(5.0), tostring(7.0), tostring(9007199254740993) },
      { tostring(value.whole), tostring(value.share), tostring(value.deep.share), tostring(value.deep.huge) })
  end)

  it("reads digits only in the fields that are integers, and no more than an integer holds", function()
    local value = core.normalize({ Weight = "20", Name = "20", deep = { Weight = "x1" } }, nil, { Weight = true })
    assert.same({ Weight = 20, Name = "20", deep = { Weight = "x1" } }, value)
    local digits = ("9"):rep(30)
    assert.equal(digits, core.normalize({ Weight = digits }, nil, { Weight = true }).Weight)
    assert.equal("0", tostring(core.normalize({ Weight = "-0" }, nil, { Weight = true }).Weight))
    for _, text in ipairs { "", "-", "1x", "-1x", "--1" } do
      assert.equal(text, core.normalize({ Weight = text }, nil, { Weight = true }).Weight)
    end
  end)

  it("takes a mark by itself for nothing marked", function()
    assert.same({ text = "", list = { "" } }, core.normalize { text = "\255", list = { "\255" } })
  end)

  it("raises misuse", function()
    for _, arguments in ipairs { {}, { "text" }, { {}, 1 }, { {}, nil, "x" } } do
      assert.is_false(pcall(core.normalize, arguments[1], arguments[2], arguments[3]))
    end
  end)
end)

describe("core.mark", function()
  it("leaves texts of short whole numbers as they are, and puts other numbers in strings with a mark", function()
    for _, text in ipairs { "", "{}", "[1,-2]", '{"a":123456789012345}', '"1.5"', '"[]"', '{"a":"\\"1.5"}' } do
      assert.equal(text, core.mark(text))
    end
    assert.equal('["\2551.5", "\2551234567890123456"]', core.mark "[1.5, 1234567890123456]")
    assert.equal('{"a":["\255]"]}', core.mark '{"a":[]}')
    assert.equal('{"\255":"\255\255"}', core.mark '{"\255":"\255"}')
    assert.equal('[\r\n\t "\255]"]', core.mark "[\r\n\t ]")
    assert.equal('["\2551E5","\2551e-5","\255-1E+5"]', core.mark "[1E5,1e-5,-1E+5]")
    assert.equal('"\255-1.5"', core.mark "-1.5")
  end)

  it("refuses what is no number, and a NUL", function()
    for _, text in ipairs { "01", "1.", "-", "1e", "1x", "\0", '"\0"' } do
      local marked, reason = core.mark(text)
      assert.is_nil(marked)
      assert.is_string(reason)
    end
    assert.is_false(pcall(core.mark, 5))
    assert.is_false(pcall(core.mark))
  end)
end)

describe("core.words", function()
  local names = { Name = true, Region = false }

  it("counts the required names of a table that holds nothing but words", function()
    assert.equal(1, core.words({ Name = "a", Region = "b" }, names))
    assert.equal(1, core.words({ Name = "\128\255 ~" }, names))
    assert.equal(0, core.words({ Region = "b" }, names))
    assert.equal(0, core.words({}, names))
  end)

  it("leaves to others whatever may be wrong", function()
    for _, params in ipairs { { Name = "" }, { Name = "a\n" }, { Name = "a long name with a DEL\127" }, { Name = 1 },
      { Name = "\0" }, { Name = {} }, { Name = true }, { name = "a" }, { [1] = "a" }, { Name = "a", Other = "b" },
      setmetatable({ Name = "a" }, {}) } do
      assert.is_nil(core.words(params, names))
    end
    for _, params in ipairs { "Name", 1, true, print } do
      assert.is_nil(core.words(params, names))
    end
    assert.is_nil(core.words(nil, names))
    raises("bad argument #2 to 'words'", function() core.words({}) end)
  end)
end)
