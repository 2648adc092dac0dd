--- Points in time as the service and HTTP write them.
-- SPDX-License-Identifier: MIT

local time = require "fnf.time"

describe("a time of HTTP", function()
  local ROWS = {
    { "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
    { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
    { "Tue, 29 Feb 2000 23:59:59 GMT", 951868799 },
    { "Thu, 29 Feb 2024 00:00:00 GMT", 1709164800 },
    { "Fri, 01 Mar 2024 00:00:00 GMT", 1709251200 },
    { "Mon, 01 Mar 2100 00:00:00 GMT", 4107542400 },
    { "Tue, 30 Jun 2015 23:59:60 GMT", 1435708800 },
  }
  for _, row in ipairs(ROWS) do
    it("is understood: " .. row[1], function()
      assert.equal(row[2], time.from_http(row[1]))
    end)
  end

  local NONSENSE = { "", "now", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Foo 1994 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 08:49:37 GMT\n", "1994-11-06T08:49:37Z" }
  for _, text in ipairs(NONSENSE) do
    it("is nil where the text is none: " .. text:gsub("%c", "."), function()
      assert.is_nil(time.from_http(text))
    end)
  end

  it("is nil for what is no text", function()
    for _, value in ipairs { 5, true, {} } do
      assert.is_nil(time.from_http(value))
    end
    assert.is_nil(time.from_http(nil))
  end)
end)

describe("a time of RFC 3339", function()
  local ROWS = {
    { "1970-01-01T00:00:00Z", 0 },
    { "2019-01-01T01:01:01.001Z", 1546304461.001 },
    { "2025-10-24T14:11:26+08:00", 1761286286 },
    { "2025-10-24T14:11:26+0800", 1761286286 },
    { "2025-10-23T22:11:26-08:00", 1761286286 },
    { "2025-10-24t06:11:26z", 1761286286 },
    { "2025-10-24 06:11:26Z", 1761286286 },
    { "2024-06-24T02:58:42.043Z", 1719197922.043 },
    { "2024-06-24T02:58:42.123456789Z", 1719197922.123456789 },
    { "2024-02-29T23:59:59Z", 1709251199 },
  }
  for _, row in ipairs(ROWS) do
    it("is understood: " .. row[1], function()
      assert.is_true(math.abs(row[2] - time.from_rfc3339(row[1])) < 1e-6)
    end)
  end

  for _, text in ipairs { "", "2025-10-24", "2025-10-24T06:11:26", "2025-13-24T06:11:26Z", "2025-10-24T06:11Z", "x",
    "2025-10-24T06:11:26+8" } do
    it("is nil where the text is none: " .. text:gsub("%c", "."), function()
      assert.is_nil(time.from_rfc3339(text))
    end)
  end

  it("is nil for what is no text", function()
    assert.is_nil(time.from_rfc3339(nil))
    assert.is_nil(time.from_rfc3339({}))
  end)
end)

describe("a timestamp", function()
  local ROWS = {
    { 0, "1970-01-01T00:00:00Z" },
    { 951868799.999, "2000-02-29T23:59:59Z" },
    { 1761286286, "2025-10-24T06:11:26Z" },
  }
  for _, row in ipairs(ROWS) do
    it(("of %s is %s"):format(row[1], row[2]), function()
      assert.equal(row[2], time.timestamp(row[1]))
    end)
  end

  it("is read back as what it was made of, day by day over sixty years", function()
    for day = 0, 365 * 60 do
      local at = day * 86400 + day % 86400
      assert.equal(at, time.from_rfc3339(time.timestamp(at)))
    end
  end)
end)
