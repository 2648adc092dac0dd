--- Which host is asked.
-- SPDX-License-Identifier: MIT

local endpoint = require "fnf.endpoint"

describe("the endpoint of a region", function()
  local ROWS = {
    { "cn-hangzhou", nil, "cn-hangzhou.fnf.aliyuncs.com" },
    { "cn-hangzhou", "public", "cn-hangzhou.fnf.aliyuncs.com" },
    { "cn-shanghai", "vpc", "cn-shanghai-internal.fnf.aliyuncs.com" },
    { "ap-southeast-1", nil, "ap-southeast-1.fnf.aliyuncs.com" },
    { "xx-nowhere-9", "vpc", "xx-nowhere-9-internal.fnf.aliyuncs.com" },
  }
  for _, row in ipairs(ROWS) do
    it(("%s, %s, is %s"):format(row[1], row[2] or "unsaid", row[3]), function()
      assert.same({ url = "https://" .. row[3], host = row[3] }, endpoint.of_region(row[1], row[2]))
    end)
  end
end)

describe("the endpoint of an address", function()
  local ROWS = {
    { "https://host.example", "https://host.example", "host.example" },
    { "https://host.example/", "https://host.example", "host.example" },
    { "host.example", "https://host.example", "host.example" },
    { "HTTPS://Host.Example", "https://host.example", "host.example" },
    { "https://host:443", "https://host", "host" },
    { "https://host:8443", "https://host:8443", "host:8443" },
    { "http://host:80", "http://host", "host" },
    { "http://host:443", "http://host:443", "host:443" },
    { "http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080", true },
    { "localhost:8080", "https://localhost:8080", "localhost:8080", true },
    { "http://[::1]:8080", "http://[::1]:8080", "[::1]:8080", true },
    { "http://[::1]", "http://[::1]", "[::1]", true },
    { "https://host:65535", "https://host:65535", "host:65535" },
  }
  for _, row in ipairs(ROWS) do
    it(("%s is asked at %s"):format(row[1], row[2]), function()
      assert.same({ url = row[2], host = row[3], loopback = row[4] }, endpoint.of_address(row[1]))
    end)
  end

  it("12.4: is read at the cost of its length", function()
    local began = os.clock()
    for _, piece in ipairs { "1", ":1", "a:", ".", ":" } do
      local text = piece:rep(100000) .. "!"
      assert.is_nil(endpoint.of_address("https://" .. text))
      assert.is_false(endpoint.is_loopback(text))
    end
    assert.is_true(os.clock() - began < 2)
  end)

  it("12.7: is this machine only where its four numbers say so", function()
    for _, host in ipairs { "localhost", "LOCALHOST:80", "127.0.0.1", "127.255.255.255:8080", "[::1]", "[::1]:1" } do
      assert.is_true(endpoint.is_loopback(host), host)
    end
    for _, host in ipairs { "127.0.0.999", "127.0.0.256:80", "127.256.0.1", "127.0.0.010", "127.0.0.00", "127.0.0.1111",
      "127.0.0", "127.0.0.1.", "127.0.0.1.example", "127.0.0.1:80:80", "128.0.0.1", "[::2]", "localhost.example" } do
      assert.is_false(endpoint.is_loopback(host), host)
    end
    assert.is_nil(endpoint.of_address("http://127.0.0.999").loopback)
  end)

  local REFUSED = {
    { "ftp://host", "must begin with https://" },
    { "file:///etc/passwd", "must begin with https://" },
    { "https://user:Secret@host", "user info" },
    { "user:Secret@host", "user info" },
    { "https://Secret@host", "user info" },
    { "https://host/path?Secret", "scheme and host only" },
    { "https://host?Secret", "scheme and host only" },
    { "https://host#Secret", "scheme and host only" },
    { "https://host\nSecret: x", "control character" },
    { "https://host Secret", "blank" },
    { "https://host\0Secret", "control character" },
    { "https://", "is not a URL" },
    { "https:///path", "scheme and host only" },
    { "https:host", "is not a URL" },
    { "https://host:", "is not a URL" },
    { "https://host:0", "is not a URL" },
    { "https://host:65536", "is not a URL" },
    { "https://host:80:80", "is not a URL" },
    { "https://host:port", "is not a URL" },
    { "https://ho_st|x", "is not a URL" },
    { "https://[::1", "is not a URL" },
    { "https://...", "is not a URL" },
    { "https://-", "is not a URL" },
    { "", "is not a URL" },
  }
  for _, row in ipairs(REFUSED) do
    it(row[1]:gsub("%c", ".") .. " is refused with what is wrong, without itself", function()
      local found, problem = endpoint.of_address(row[1])
      assert.is_nil(found)
      assert.is_truthy(problem:find(row[2], 1, true), problem)
      assert.is_nil(problem:find("Secret", 1, true))
    end)
  end
end)
