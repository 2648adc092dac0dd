--- Items in the text of an Input.
-- SPDX-License-Identifier: MIT

local effort = require "spec.support.effort"
local items = require "fnf.execution.items"

local function all(list)
  return items.with(list, list.texts, 1, #list.texts)
end

describe("the items of an Input", function()
  for _, row in ipairs {
    { '{"orders":[1,2,3],"day":7}', { "orders" }, { "1", "2", "3" } },
    { ' { "a" : { "b" : [ {"x":"]}\\\\"} , [] ,"é\\u00e9", null,true, -1.5e3 ] } } ', { "a", "b" },
      { '{"x":"]}\\\\"}', "[]", '"é\\u00e9"', "null", "true", "-1.5e3" } },
    { '[1,"2"]', nil, { "1", '"2"' } },
    { '{"a":"[9]","only":[1],"b":{"c":[2]}}', nil, { "1" } },
    { '{"o":[1],"o":[2]}', { "o" }, { "2" } },
    { '{"\\u006f":[1]}', { "o" }, { "1" } },
    { '{"o":[]}', { "o" }, {} },
    { '{"o":[ ]}', { "o" }, {} },
    { '{"id":12345678901234567890,"o":[{"id":12345678901234567891}]}', { "o" }, { '{"id":12345678901234567891}' } },
  } do
    it("are read as they are written out of " .. row[1], function()
      local list = assert(items.find(row[1], row[2]))
      assert.same(row[3], list.texts)
      local again = assert(items.find(all(list), row[2]))
      assert.same(row[3], again.texts)
    end)
  end

  for _, row in ipairs {
    { '{"o":1}', { "o" }, "no list" }, { '{"o":{"p":1}}', { "o", "q" }, '"q"' }, { '[1]', { "o" }, '"o"' },
    { '{"a":[1],"b":[2]}', nil, "exactly one" }, { '{"a":1}', nil, "exactly one" }, { '"x"', nil, "exactly one" },
    { "", { "o" }, "no JSON" }, { '{"o":[1]', { "o" }, "no JSON" }, { '{"o":[1]} x', { "o" }, "no JSON" },
    { "null", { "o" }, "" },
  } do
    it("are not to be found in " .. row[1], function()
      local list, reason = items.find(row[1], row[2])
      assert.is_nil(list)
      assert.truthy(tostring(reason):find(row[3], 1, true), reason)
    end)
  end

  it("leave everything around them as it was", function()
    local text = '{ "b":1.0, "o":[ {"z":1,"a":2} , 3 ] ,\n"c":[4] }'
    local list = items.find(text, { "o" })
    assert.equal('{ "b":1.0, "o":[3] ,\n"c":[4] }', items.with(list, list.texts, 2, 2))
  end)

  for name, unit in pairs { numbers = "1,", strings = '"\\\\\\"",', objects = '{"a":[1]},', lists = "[[]]," } do
    it("are found in linear time among " .. name, function()
      assert.is_nil(effort.find_excess(function(text)
        assert(items.find(text, { "o" }))
      end, function(length)
        return '{"o":[' .. unit:rep(math.floor(length / #unit)) .. "0]}"
      end))
    end)
  end
end)

describe("picking items", function()
  local list = items.find('[{"a":1,"b":[]},{"a":2},{"a":1,"b":[]},"1",1,{"a":{"b":"c"}},null]')

  local function pick(...)
    return items.pick(list, { ... })
  end

  it("keeps the order of the list and its writing", function()
    assert.same({ '{"a":2}', "1" }, pick("1.0", '{ "a" : 2 }'))
    assert.same({ '{"a":1,"b":[]}', '"1"', "null" }, pick(' null', '"1"', '{"b":[],"a":1}'))
  end)

  it("takes an item as often as it failed, and no more often than it is there", function()
    assert.same({ '{"a":1,"b":[]}', '{"a":1,"b":[]}' }, pick('{"a":1,"b":[]}', '{"a":1,"b":[]}'))
    local _, stranger = pick('{"a":2}', '{"a":1,"b":[]}', '{"a":1,"b":[]}', '{"a":1,"b":[]}')
    assert.equal(4, stranger)
  end)

  it("names an input that is no item", function()
    for _, input in ipairs { '{"a":3}', "true", "no JSON", '{"Items":[{"a":2}]}', "" } do
      assert.same({ nil, 2 }, { pick('{"a":2}', input) })
    end
  end)

  it("tells ids apart that differ in a digit no double has", function()
    local ids = items.find "[12345678901234567890,12345678901234567891]"
    assert.same({ "12345678901234567891" }, items.pick(ids, { "12345678901234567891" }))
    assert.is_nil((items.pick(ids, { "12345678901234567892" })))
  end)
end)

describe("splitting items", function()
  local function build(first, last)
    return "[" .. ("x"):rep(last - first + 1) .. "]"
  end

  it("makes as few Inputs as the limit allows", function()
    for _, row in ipairs { { 8, { 8 } }, { 9, { 8, 1 } }, { 24, { 8, 8, 8 } }, { 1, { 1 } } } do
      local counts = {}
      for index, piece in ipairs(assert(items.split(row[1], 10, build))) do
        counts[index] = piece.items
        assert.equal(piece.items + 2, #piece.Input)
        assert.is_true(#piece.Input <= 10)
      end
      assert.same(row[2], counts)
    end
    assert.same({}, items.split(0, 10, build))
  end)

  it("follows items of different sizes", function()
    local sizes, made = {}, {}
    for i = 1, 500 do
      sizes[i] = i % 7 == 0 and 90 or i % 5 + 1
    end
    local function sized(first, last)
      local sum = {}
      for i = first, last do
        sum[#sum + 1] = ("y"):rep(sizes[i])
      end
      return table.concat(sum)
    end
    for _, piece in ipairs(assert(items.split(500, 100, sized))) do
      made[#made + 1] = piece.Input
      assert.is_true(#piece.Input <= 100)
    end
    assert.equal(sized(1, 500), table.concat(made))
  end)

  it("names an item that is too large by itself", function()
    assert.same({ nil, 3 }, { items.split(4, 10, function(first, last)
      return ("x"):rep(first <= 3 and last >= 3 and 11 or 1)
    end) })
  end)

  it("builds ten thousand items in no more texts than a few for each Input", function()
    local built = 0
    assert(items.split(10000, 1002, function(first, last)
      built = built + last - first + 1
      return build(first, last)
    end))
    assert.is_true(built < 400000, built .. " items built")
  end)
end)
