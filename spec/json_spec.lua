--- JSON both ways: whole numbers to the last digit, lists that stay lists, and no text that raises.
-- SPDX-License-Identifier: MIT

local fnf = require "fnf"
local json = require "fnf.json"
local number = require "fnf.number"

local HAS_INTEGERS = math.type ~= nil
local kind = math.type or type

--- What a text says after it was read and written: its numbers as they are in JSON.
local function again(text)
  return json.encode(assert(json.decode(text)))
end

describe("a whole number", function()
  for _, digits in ipairs { "0", "7", "-7", "123456789012345", "1234567890123456", "-1234567890123456",
    "9007199254740991",
    "-9007199254740991" } do
    it("12.9: below 2^53 is read and written as it is, everywhere: " .. digits, function()
      local value = json.decode(('{"id":%s}'):format(digits)).id
      assert.equal("number", type(value))
      assert.equal(HAS_INTEGERS and "integer" or "number", kind(value))
      assert.equal(('{"id":%s}'):format(digits), again(('{"id":%s}'):format(digits)))
      assert.equal(digits, number.write(value))
    end)
  end

  for _, digits in ipairs { "9007199254740992", "9007199254740993", "-9007199254740993", "9223372036854775807",
    "-9223372036854775808" } do
    it("12.9: of 64 bits is exact where Lua has integers, and its digits elsewhere: " .. digits, function()
      local value = fnf.decode(('{"id":%s}'):format(digits)).id
      assert.equal(digits, HAS_INTEGERS and ("%d"):format(value) or value)
      assert.equal(HAS_INTEGERS and "number" or "string", type(value))
      assert.equal(HAS_INTEGERS and digits or '"' .. digits .. '"', json.encode(value))
      assert.equal(digits, HAS_INTEGERS and number.write(value) or value)
    end)
  end

  it("12.9: beyond 64 bits is its digits, not the nearest there is", function()
    for _, digits in ipairs { "9223372036854775808", "-9223372036854775809", "12345678901234567890", ("9"):rep(400) } do
      assert.equal(digits, json.decode(digits))
      assert.equal(digits, json.decode(('[{"id": %s }]'):format(digits))[1].id)
    end
  end)

  it("12.9: of a caller is refused where it may have lost digits before we saw it", function()
    for _, value in ipairs { 2 ^ 53, -2 ^ 53, 2 ^ 60, 12345678901234567890 } do
      assert.is_truthy(json.validate({ deep = { value } }):find("would lose digits", 1, true))
      assert.is_false(number.is_exact(value))
    end
    for _, value in ipairs { 2 ^ 53 - 1, 1 - 2 ^ 53, 0.5, 1e300, -1e300 } do
      assert.is_nil(json.validate { value })
      assert.is_nil(json.validate(value)) -- a value that is no table is one, too
    end
    if HAS_INTEGERS then
      assert.is_nil(json.validate { math.maxinteger, math.mininteger })
    end
  end)

  it("12.9: may come as text where it is declared one, and stays text where it does not fit", function()
    local value = json.decode('{"Weight":"20","w":"20","deep":{"Weight":"9223372036854775808"}}',
      { integers = { Weight = true } })
    assert.same({ Weight = 20, w = "20", deep = { Weight = "9223372036854775808" } }, value)
  end)
end)

describe("a number with a fraction", function()
  it("12.9: keeps 17 digits both ways", function()
    for _, text in ipairs { "0.1", "2.5", "0.30000000000000004", "3.1415926535897931", "1.7976931348623157e+308" } do
      assert.equal("[" .. text .. "]", again("[" .. text .. "]"))
    end
    assert.equal(0.1 + 0.2, json.decode(json.encode { 0.1 + 0.2 })[1])
  end)

  it("12.9: is a float in a field that is one, however it was written", function()
    for _, text in ipairs { "5", "5.0", "5e0", "0", "12345678901234567890" } do
      local value = json.decode(('{"share":%s,"count":%s}'):format(text, "5.0"), { floats = { share = true } })
      assert.equal(HAS_INTEGERS and "float" or "number", kind(value.share))
      assert.equal(HAS_INTEGERS and "integer" or "number", kind(value.count))
    end
  end)

  it("12.11: that is not finite is refused", function()
    for _, text in ipairs { "1e400", "-1e400", '{"a":[1,{"b":1e999}]}', "NaN", "[nan]", "[Infinity]", "[-inf]" } do
      local value, reason = json.decode(text)
      assert.is_nil(value)
      assert.is_string(reason)
    end
    assert.is_truthy(select(2, json.decode "1e400"):find("finite", 1, true))
  end)

  it("that JSON has not is refused, whatever lua-cjson thinks of it", function()
    for _, text in ipairs { "01", "-01", "1.", ".5", "1e", "1e+", "-", "--1", "+1", "0x10", "1.5.2", "1_000", "5x",
      "1-2" } do
      assert.is_nil(json.decode(text), text)
      assert.is_nil(json.decode(('{"a":[%s]}'):format(text)), text)
    end
  end)
end)

describe("a text", function()
  it("12.10: with a NUL in it is refused, and so is more than one value", function()
    for _, text in ipairs { '{"a":1}\0', '{"a":1}\0{"a":2}', "\0", '"a\0b"', '{"a":1} {"a":2}', "1 2", "[] x" } do
      assert.is_nil(json.decode(text))
      assert.is_nil(fnf.decode(text))
      assert.is_string(json.problem(text))
    end
    assert.equal("a\0b", json.decode '"a\\u0000b"')
  end)

  it("that is none is no JSON", function()
    for _, value in ipairs { 5, {}, true, print } do
      assert.is_nil(json.decode(value))
    end
  end)

  it("of only null is nil with that word, and right as an Input", function()
    assert.same({ nil, "null" }, { json.decode "null" })
    assert.is_nil(json.problem "null")
  end)

  it("deeper than an answer is no answer, but may be a caller's", function()
    local deep = ("["):rep(33) .. ("]"):rep(33)
    assert.is_nil(json.decode(deep))
    assert.is_nil(json.problem(deep))
  end)

  it("keeps bytes that look like our own marks", function()
    for _, text in ipairs { '"\255"', '"\2551"', '"\255\2551"', '"\255]"', '["\255]","\255"]',
      '{"\255":"\255\255"}' } do
      assert.equal(text, again(text))
    end
  end)

  it("has values only where values may be", function()
    for _, text in ipairs { "{[]:1}", "{1:2}", "{12345678901234567890:1}", "{1.5:1}", '{"a" 1}', "[1 2]", '["a]',
      '"a\\' } do
      assert.is_nil(json.decode(text), text)
    end
    assert.same({ ["a:b"] = "c:d", x = { 1 } }, json.decode '{"a:b" : "c:d", "x" :[1]}')
  end)

  it("is read in a time that grows as its length does", function()
    local function time(text)
      local began = os.clock()
      json.decode(text)
      return os.clock() - began
    end
    for _, part in ipairs { "[", "1", " ", '"', "\\", "1.", '[],', "-", '"\255",' } do
      assert.is_true(time("[" .. part:rep(400000)) < 1, part)
    end
  end)
end)

describe("a list", function()
  it("12.10: that is empty stays a list from an Output to an Input", function()
    for _, text in ipairs { "[]", "[[],[[]]]", '{"a":[]}', "{}", '[{}]' } do
      assert.equal(text, json.encode(fnf.decode(text)))
    end
    assert.equal("[[]]", again "[ [ \n] ]")
  end)

  it("12.10: that was empty is what it has become", function()
    local list = fnf.decode "[]"
    list[1] = 5
    assert.equal("[5]", json.encode(list))
    list[1], list.name = nil, "x"
    assert.equal('{"name":"x"}', json.encode(list))
  end)

  it("12.11: that begins with nulls can be written, with its places kept", function()
    for count = 0, 40 do
      local text = "[" .. ("null,"):rep(count) .. "1]"
      assert.equal(text, again(text))
    end
    assert.equal("[]", again "[null,null]")
    assert.equal('{"a":[]}', again '{"a":[null],"b":null}')
  end)

  it("of a caller's with too many holes is refused", function()
    assert.is_truthy(json.validate { [1000] = 1 }:find("holes", 1, true))
    local read = fnf.decode "[]"
    read[1e9] = 1
    assert.is_truthy(json.validate(read):find("holes", 1, true))
  end)
end)

describe("writing", function()
  it("never raises, and says what it cannot write", function()
    local circle = {}
    circle[1] = circle
    for _, value in ipairs { { print }, { 0 / 0 }, { math.huge }, { a = { b = -math.huge } }, circle, { [true] = 1 },
      { [print] = 1 }, { [math.huge] = 1 }, { a = coroutine.create(function() end) }, { io.stdout } } do
      local text, reason = json.encode(value)
      assert.is_nil(text)
      assert.is_string(reason)
      assert.equal(reason, json.validate(value))
    end
  end)

  it("escapes what has to be, and leaves the rest", function()
    assert.equal([["\"\\\/\b\f\n\r\t\u0000\u001f\u007f é"]], json.encode "\"\\/\b\f\n\r\t\0\31\127 é")
  end)

  it("knows lists, objects, scalars and lua-cjson's null", function()
    assert.equal('[1,"a",true,null,{"b":false}]', json.encode { 1, "a", true, require("cjson").null, { b = false } })
    assert.equal('{"1.5":"x"}', json.encode { [1.5] = "x" })
  end)

  it("is what reading understands, for anything that was read", function()
    local seed = 7
    local function random(most)
      seed = (seed * 16807) % 2147483647
      return 1 + seed % most
    end
    local SCALARS = { "null", "true", "0", "-0", "1e5", "1.5", "9007199254740993", "12345678901234567890", "1e300",
      '""',
      '"\255"', '"\\u0000"', "[]", "{}", "[null]", "1e16", "-5e-324" }
    local function draw(depth)
      local form = depth > 4 and 1 or random(3)
      if form == 1 then
        return SCALARS[random(#SCALARS)]
      end
      local parts = {}
      for i = 1, random(5) - 1 do
        parts[i] = (form == 2 and "" or ('"k%d":'):format(random(9))) .. draw(depth + 1)
      end
      return form == 2 and "[" .. table.concat(parts, ",") .. "]" or "{" .. table.concat(parts, ",") .. "}"
    end
    for _ = 1, 3000 do
      local text = draw(0)
      local value = json.decode(text)
      if value ~= nil then
        local written = assert(json.encode(value))
        assert.same(value, json.decode(written), text)
      end
    end
  end)
end)

describe("a lua-cjson that cannot be loaded", function()
  --- What a fresh fnf.json says where `require "cjson"` does that.
  local function said(loader, cpath)
    local loaded, ours, path = package.loaded["cjson"], package.loaded["fnf.json"], package.cpath
    package.loaded["cjson"], package.loaded["fnf.json"] = nil, nil
    package.preload["cjson"], package.cpath = loader, cpath or path
    local _, reason = pcall(function() require("fnf.json").load() end)
    package.preload["cjson"], package.cpath = nil, path
    package.loaded["cjson"], package.loaded["fnf.json"] = loaded, ours
    return reason
  end

  local OTHER = "fnf needs lua-cjson for " .. _VERSION .. ", and %s is built for another Lua (there is no %s in this "
    .. "one): install that of " .. _VERSION .. ", or put it first in LUA_CPATH"
  for _, row in ipairs {
    { "error loading module 'cjson' from file '/a/cjson.so':\n\t/a/cjson.so: undefined symbol: luaL_setfuncs",
      OTHER:format("/a/cjson.so", "luaL_setfuncs") },
    { "error loading module 'cjson' from file '/a/lua_b/cjson.so':\n\tError relocating /a/cjson.so: lua_newuserdatauv: "
      .. "symbol not found", OTHER:format("/a/lua_b/cjson.so", "lua_newuserdatauv") },
    { "error loading module 'cjson' from file '/a/cjson.so':\n\tdlopen(/a/cjson.so, 0x0006): symbol not found in flat "
      .. "namespace '_lua_pcall'", OTHER:format("/a/cjson.so", "lua_pcall") },
    { "error loading module 'cjson' from file '/a/cjson.so':\n\tfile too short",
      "fnf needs lua-cjson, and the module cjson that is found cannot serve: error loading" },
    { "module 'cjson' not found:\n\tno field", "fnf needs lua-cjson: install your system's package" },
  } do
    it("15.6: is told as what it is: " .. row[1]:match("[^\n]*$"), function()
      local reason = said(function() error(row[1], 0) end)
      assert.equal(row[2], reason:sub(1, #row[2]))
    end)
  end

  it("15.6: is told as what it is: another module of that name", function()
    assert.equal("fnf needs lua-cjson, and the module cjson that is found cannot serve: it is another module of that "
      .. "name", said(function() return { decode = tostring } end))
  end)

  it("15.6: is told as what it is: that of another Lua, truly", function()
    local mine, other = _VERSION:match("5%.%d"), _VERSION == "Lua 5.1" and "5.4" or "5.1"
    local file
    for before, after in package.cpath:gmatch("([^;]*/)" .. mine:gsub("%.", "%%.") .. "(/[^;]*)") do
      local template = before .. other .. after
      local found = io.open((template:gsub("%?", "cjson")), "rb")
      file = file or found and template:gsub("%?", "cjson")
      if found then found:close() end
    end
    if not file then
      pending "there is no lua-cjson of another Lua on this machine"
      return
    end
    assert.matches("is built for another Lua", said(nil, (file:gsub("cjson%.so$", "?.so"))))
  end)
end)
