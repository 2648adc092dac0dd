--- How long the service asks to wait.
-- SPDX-License-Identifier: MIT

local effort = require "spec.support.effort"
local response = require "fnf.call.response"

local AT = "Sun, 06 Nov 1994 08:49:%d GMT"

describe("the hint of an answer", function()
  local ROWS = {
    { "is nothing without one", {}, nil },
    { "is nothing without headers", nil, nil },
    { "is x-acs-retry-after in milliseconds", { ["x-acs-retry-after"] = "300" }, 0.3 },
    { "may be zero", { ["x-acs-retry-after"] = "0" }, 0 },
    { "is Retry-After in seconds", { ["retry-after"] = "7" }, 7 },
    { "is Retry-After as a date of the server's clock",
      { ["retry-after"] = AT:format(37), date = AT:format(25) }, 12 },
    { "is no date without the server's clock", { ["retry-after"] = AT:format(37) }, nil },
    { "is no date that has passed", { ["retry-after"] = AT:format(20), date = AT:format(25) }, nil },
    { "is the user's TimeLeft of an API in milliseconds",
      { ["x-ratelimit-user-api"] = "Limit:1,Remain:0,TimeLeft:2000,Reset:1234" }, 2 },
    { "is the user's TimeLeft in milliseconds",
      { ["x-ratelimit-user"] = "Limit:1,Remain:0,TimeLeft:1500,Reset:1" }, 1.5 },
    { "is the longer TimeLeft of two",
      { ["x-ratelimit-user"] = "TimeLeft:1500", ["x-ratelimit-user-api"] = "TimeLeft:900" }, 1.5 },
    { "is x-acs-retry-after before any other",
      { ["x-acs-retry-after"] = "300", ["retry-after"] = "9", ["x-ratelimit-user"] = "TimeLeft:1500" }, 0.3 },
    { "is TimeLeft before Retry-After", { ["retry-after"] = "9", ["x-ratelimit-user"] = "TimeLeft:1500" }, 1.5 },
    { "is the next one where the first makes no sense", { ["x-acs-retry-after"] = "soon", ["retry-after"] = "9" }, 9 },
    { "is the next one where the first is negative", { ["x-acs-retry-after"] = "-300", ["retry-after"] = "9" }, 9 },
    { "is never negative", { ["retry-after"] = "-1" }, nil },
    { "is never NaN", { ["retry-after"] = "nan" }, nil },
    { "is never infinite", { ["retry-after"] = "inf" }, nil },
    { "is never infinite by its size", { ["x-acs-retry-after"] = "1e999" }, nil },
    { "is nothing from an odd rate limit", { ["x-ratelimit-user"] = "TimeLeft:soon" }, nil },
  }
  for _, row in ipairs(ROWS) do
    it(row[1], function()
      assert.same({ row[3] }, { response.hint(row[2]) })
    end)
    it(row[1] .. ", in header lines too", function()
      local lines = {}
      for name, value in pairs(row[2] or {}) do
        lines[#lines + 1] = ("%s: %s\r\n"):format(name:upper(), value)
      end
      assert.same({ row[3] }, { response.hint(table.concat(lines)) })
    end)
  end

  for _, name in ipairs { "x-acs-retry-after", "retry-after", "date", "x-ratelimit-user-api", "x-ratelimit-user" } do
    for _, odd in ipairs { { "1", "x" }, { " ", "x" }, { "1.", "" }, { "TimeLeft: ", "" }, { "9", "" },
      { "-", "1" } } do
      it(("12.4: of a %s of many %q takes no more than its length"):format(name, odd[1]), function()
        assert.is_nil(effort.find_excess(response.hint, function(length)
          return name .. ": " .. odd[1]:rep(length / #odd[1]) .. odd[2] .. "\r\n"
        end))
      end)
    end
  end
end)

describe("13.4: the quota that an answer tells", function()
  local ROWS = {
    { "Limit:10,Remain:3,TimeLeft:2500,Reset:1234", { limit = 10, remain = 3, left = 2.5 } },
    { "Limit: 10, Remain: 0, TimeLeft: 0", { limit = 10, remain = 0, left = 0 } },
    { "TimeLeft:5,Remain:4,Limit:3", { limit = 3, remain = 4, left = 0.005 } },
    { "Limit:0,Remain:0,TimeLeft:1" }, { "Limit:-1,Remain:0,TimeLeft:1" }, { "Limit:10,Remain:3" }, { "" },
    { "Limit:9999999999,Remain:1,TimeLeft:1" }, { "Limit:1,Remain:1,TimeLeft:" .. ("9"):rep(400) },
  }
  for i, row in ipairs(ROWS) do
    it(("is read whole or not at all, row %d"):format(i), function()
      assert.same({ row[2] }, { response.quota { ["x-ratelimit-user-api"] = row[1] } })
    end)
  end
  it("is nothing without headers", function()
    assert.is_nil(response.quota(nil))
    assert.equal(999999999, response.quota { ["x-ratelimit-user-api"] = "Limit:999999999,Remain:1,TimeLeft:1" }.limit)
    assert.is_nil(response.quota { ["x-ratelimit-user-api"] = "Limit:1000000000,Remain:1,TimeLeft:1" })
    assert.is_nil(response.quota { ["x-ratelimit-user"] = "Limit:10,Remain:3,TimeLeft:2500" })
  end)
end)
