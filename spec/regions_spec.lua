--- The regions that are documented, and those that are not.
-- SPDX-License-Identifier: MIT

local endpoint = require "fnf.endpoint"
local json = require "fnf.json"
local service = require "spec.support.service"

local function read_reference()
  local file = assert(io.open("spec/reference/fnf-2019-03-15.json", "rb"))
  local text = file:read("*a")
  file:close()
  return assert(json.decode(text))
end

local function warnings(region)
  local cloud, found = service.new(), {}
  cloud:client { region = region }
  for _, event in ipairs(cloud.events) do
    found[#found + 1] = event.name == "warning" and event.fields.message or nil
  end
  return found
end

describe("a region", function()
  it("that is documented has the documented hosts, and its name", function()
    local reference, count = read_reference(), 0
    for region, hosts in pairs(reference.endpoints.by_region) do
      count = count + 1
      assert.equal("https://" .. hosts.public, endpoint.of_region(region).url)
      assert.equal("https://" .. hosts.vpc, endpoint.of_region(region, "vpc").url)
      assert.same({}, warnings(region))
    end
    assert.equal(7, count)
    for _, region in ipairs(reference.regions.documented) do
      assert.equal(region.name, endpoint.regions[region.id])
    end
  end)

  it("that is nearly one of them is allowed, with a warning that names it", function()
    assert.same({ "region cn-hangzou is not documented; did you mean cn-hangzhou?" }, warnings("cn-hangzou"))
    assert.equal("https://cn-hangzou.fnf.aliyuncs.com", endpoint.of_region("cn-hangzou").url)
  end)

  it("that is like none of them is allowed without a word", function()
    assert.same({}, warnings("eu-central-1"))
  end)
end)
