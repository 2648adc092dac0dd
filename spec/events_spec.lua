--- The events and their fields, as docs/events.md and the classes for editors have them, held against what is told.
-- SPDX-License-Identifier: MIT

local documents = require "spec.support.documents"
local fake_platform = require "spec.support.fake_platform"

local function words(text, pattern)
  local found = {}
  for word in text:gmatch(pattern) do
    found[word] = true
  end
  return found
end

--- event -> its fields, by the table of the page.
local function documented()
  local events = {}
  for name, fields in documents.read "docs/events.md":gmatch "\n| `(%l+)` |[^|\n]*|([^\n]*)|" do
    events[name] = words(fields:gsub("%b()", ""), "`([%l_]+)`")
  end
  return events
end

--- Whatever the sources tell by name.
local function told()
  local pipe = io.popen "find lua/fnf -name '*.lua' -not -path '*/types/*' -not -path '*/cli/*' | xargs cat"
  local code = pipe:read "*a"
  pipe:close()
  local names = words(code, 'tell%("(%l+)"')
  for name in pairs(words(code, 'on_event%("(%l+)"')) do
    names[name] = true
  end
  for a, b in code:gmatch 'on_event%([^\n]-and "(%l+)" or "(%l+)"' do
    names[a], names[b] = true, true
  end
  return names
end

--- Everything that a busy life tells: event -> fields.
local function heard()
  local seen = {}
  local function hear(cloud)
    for _, event in ipairs(cloud.events) do
      seen[event.name] = seen[event.name] or {}
      for field in pairs(event.fields) do
        seen[event.name][field] = true
      end
    end
  end
  local run = fake_platform.run
  local function done(items, row)
    return run({ ItemCounts = { Total = 100, Succeed = items, Running = 10, Pending = 90 - items, Failed = 0,
      Aborted = 0 } }, row)
  end
  local cloud = fake_platform.new { { status = 503 }, { status = 429 }, done(0), { status = 500, times = 3 }, done(10),
    done(20), done(30), done(40), done(50, { times = 40 }), run { Status = "Succeeded" },
    fake_platform.refusal(403, "AccessDenied") }
  local client = cloud:client { region = "cn-hangzou" }
  assert(client:wait_map_run(fake_platform.names, { max_delay = 60 }))
  assert.is_nil((client:wait_map_run(fake_platform.names)))
  hear(cloud)
  for _, key in ipairs { { access_key_id = "id", access_key_secret = "secret", expires = 1e10 }, false } do
    cloud = fake_platform.new { { body = { RequestId = "r", Regions = {} } } }
    client = cloud:client { credentials = function() return key or nil, "no key today" end }
    client:describe_regions()
    hear(cloud)
  end
  return seen
end

describe("the events", function()
  it("15.5: are on the page and among the classes, each that is told, and no other", function()
    local names, page = told(), documented()
    local types = documents.read "lua/fnf/types.lua"
    local aliases = words(types:match "alias fnf.EventName(.-)\n\n", '"(%l+)"')
    for name in pairs(names) do
      assert.is_table(page[name], name)
      assert.is_true(aliases[name], name)
    end
    for _, set in ipairs { page, aliases } do
      for name in pairs(set) do
        assert.is_true(names[name], name .. " is never told")
      end
    end
  end)

  it("15.5: have the fields that the page and the class say, and no other", function()
    local class = words(documents.read "lua/fnf/types.lua":match "class fnf.EventFields(.-)\n\n" or
      documents.read "lua/fnf/types.lua":match "class fnf.EventFields(.-)$", "field ([%l_]+)%?")
    local page = documented()
    local seen = heard()
    for name, fields in pairs(page) do
      assert.is_table(seen[name], "this spec never hears " .. name)
      for field in pairs(fields) do
        assert.is_true(seen[name][field] or false, ("%s has no %s"):format(name, field))
        assert.is_true(class[field] or false, "fnf.EventFields lacks " .. field)
      end
      for field in pairs(seen[name]) do
        assert.is_true(fields[field] or false, ("the page does not say that %s has %s"):format(name, field))
      end
    end
  end)
end)
