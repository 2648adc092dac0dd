--- What the emulator stores: flows, their versions, aliases and schedules; and regions. Over HTTP.
-- SPDX-License-Identifier: MIT
--
-- One subject: all of these are created, changed, listed in pages and refused alike, without an execution.

local asker = require "spec.support.signed_requests"

local MILLISECONDS = "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$"
local CHINA = "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%+08:00$"

describe("the emulator's flows", function()
  local emulator, client

  setup(function()
    emulator = assert(require("fnf.emulator").start())
    client = asker.new(emulator)
  end)

  teardown(function() emulator:stop() end)

  before_each(function()
    emulator:reset()
    emulator:clock { freeze = true }
  end)

  after_each(function() assert.equal("", emulator:error_log()) end)

  local function good(status, object)
    assert.same({ 200 }, { status, object and object.Code })
    object.RequestId = nil
    return object
  end

  local function post(...)
    return good(client:post(...))
  end

  local function get(...)
    return good(client:get(...))
  end

  local function refused(status, code, got, object)
    assert.same({ status, code }, { got, object and object.Code })
    return object.Message
  end

  local function create(name, more)
    local form = { Name = name, Type = "FDL", Definition = "Type: StateMachine\nName: " .. name, Description = "d" }
    for key, value in pairs(more or {}) do
      form[key] = value or nil
    end
    return client:post("CreateFlow", form)
  end

  -- Every entry of a list, over pages, and how many pages there were.
  local function all(action, field, query)
    local entries, pages = {}, 0
    repeat
      local page = get(action, query)
      for _, entry in ipairs(page[field]) do
        entries[#entries + 1] = entry
      end
      pages, query.NextToken = pages + 1, page.NextToken
    until not page.NextToken
    return entries, pages
  end

  describe("themselves", function()
    it("are created with all that was said, and described so", function()
      local created = good(create("orders", {
        Environment = '{"Variables":[{"Name":"a","Value":"中 ~*+/","Description":"x"}]}', ExecutionMode = "Express",
        RoleArn = "acs:ram::1:role/r", ResourceGroupId = "rg",
      }))
      assert.matches(MILLISECONDS, created.CreatedTime)
      assert.equal(created.CreatedTime, created.LastModifiedTime)
      assert.matches("^%x+$", created.Id)
      assert.same({ Variables = { { Name = "a", Value = "中 ~*+/", Description = "x" } } }, created.Environment)
      assert.same({ "orders", "FDL", "Type: StateMachine\nName: orders", "d", "Express", "acs:ram::1:role/r", "rg" }, {
        created.Name, created.Type, created.Definition, created.Description, created.ExecutionMode, created.RoleArn,
        created.ResourceGroupId,
      })
      assert.same(created, get("DescribeFlow", { Name = "orders" }))
    end)

    it("are changed where something is given", function()
      local created = good(create "orders")
      emulator:clock { advance = 5 }
      local updated = post("UpdateFlow", { Name = "orders", Description = "new" })
      assert.same({ "new", created.Definition, created.CreatedTime },
        { updated.Description, updated.Definition, updated.CreatedTime })
      assert.is_true(updated.LastModifiedTime > created.LastModifiedTime)
      assert.equal("new", get("DescribeFlow", { Name = "orders" }).Description)
      local one = '{"Variables":[{"Name":"a"}]}'
      assert.equal("a", post("UpdateFlow", { Name = "orders", Environment = one }).Environment.Variables[1].Name)
      assert.is_nil(post("UpdateFlow", { Name = "orders", Environment = '{"Variables":[]}' }).Environment)
    end)

    it("are gone once deleted", function()
      good(create "orders")
      assert.same({}, post("DeleteFlow", { Name = "orders" }))
      for action, method in pairs { DescribeFlow = "get", UpdateFlow = "post", DeleteFlow = "post" } do
        assert.equal("Flow orders does not exist.", refused(404, "FlowNotExists", client[method](client, action,
          { Name = "orders" })))
      end
      good(create "orders")
    end)

    it("are refused as documented", function()
      good(create "orders")
      assert.equal("Flow orders already exists.", refused(409, "FlowAlreadyExists", create "orders"))
      for _, name in ipairs { "Name", "Type", "Definition", "Description" } do
        assert.matches("'" .. name .. "'", refused(400, "MissingRequiredParams", create("more", { [name] = false })))
      end
      for _, more in ipairs {
        { Name = "1more" }, { Name = "mo re" }, { Name = ("n"):rep(129) }, { Name = "中" }, { Type = "DEFAULT" },
        { ExecutionMode = "Fast" }, { Definition = "Name: other" }, { Definition = '{"Name": "other"}' },
        { Environment = "[" }, { Environment = "1" }, { Environment = '{"Variables":1}' },
        { Environment = '{"Variables":[1]}' }, { Environment = '{"Variables":[{"Other":"x"}]}' },
        { Environment = '{"Variables":[{"Name":1}]}' },
      } do
        refused(400, "InvalidArgument", create("more", more))
      end
      refused(400, "InvalidArgument", client:post("UpdateFlow", { Name = "orders", Definition = "Name: other" }))
      assert.equal(1, #get("ListFlows").Flows)
    end)

    it("take 128 characters as a name, and an Environment of nothing", function()
      local name = "_" .. ("n"):rep(127)
      assert.is_nil(good(create(name, { Environment = '{"Variables":[]}', ExecutionMode = "" })).Environment)
      assert.equal("", get("DescribeFlow", { Name = name }).ExecutionMode)
    end)

    it("are listed in pages, and an empty list is a list", function()
      local _, _, _, text = client:ask { action = "ListFlows" }
      assert.matches('^{"Flows":%[%],', text)
      for number = 1, 7 do
        good(create("flow" .. number, { ResourceGroupId = number > 5 and "rg" or nil }))
      end
      local flows, pages = all("ListFlows", "Flows", { Limit = "3" })
      assert.same({ 7, 3 }, { #flows, pages })
      for number = 1, 7 do
        assert.equal("flow" .. number, flows[number].Name)
      end
      assert.same({ 7, 1 }, { #all("ListFlows", "Flows", { Limit = "7" }), 1 })
      assert.is_nil(get("ListFlows", { Limit = "7" }).NextToken)
      assert.equal(2, #all("ListFlows", "Flows", { Limit = "1", ResourceGroupId = "rg" }))
    end)

    it("come neither twice nor never when one goes between two pages", function()
      for number = 1, 4 do
        good(create("flow" .. number))
      end
      local first = get("ListFlows", { Limit = "2" })
      post("DeleteFlow", { Name = "flow1" })
      post("DeleteFlow", { Name = "flow2" })
      local second = get("ListFlows", { Limit = "2", NextToken = first.NextToken })
      assert.same({ "flow3", "flow4" }, { second.Flows[1].Name, second.Flows[2].Name })
    end)

    it("have a Limit from 1 to 999, and tokens of their own", function()
      for _, query in ipairs { { Limit = "0" }, { Limit = "1000" }, { Limit = "x" }, { NextToken = "mine" } } do
        refused(400, "InvalidArgument", client:get("ListFlows", query))
      end
      get("ListFlows", { Limit = "999", NextToken = "" })
    end)
  end)

  describe("versions", function()
    before_each(function() good(create "orders") end)

    it("freeze what the flow was", function()
      local first = post("PublishFlowVersion", { FlowName = "orders", Description = "one" })
      assert.matches(CHINA, first.CreatedTime)
      first.CreatedTime = nil
      assert.same({ FlowName = "orders", Version = "1", Description = "one" }, first)
      post("UpdateFlow", { Name = "orders", Description = "later" })
      assert.equal("2", post("PublishFlowVersion", { FlowName = "orders" }).Version)
      assert.equal("d", get("DescribeFlow", { Name = "orders", FlowVersion = "1" }).Description)
      assert.equal("later", get("DescribeFlow", { Name = "orders", FlowVersion = "2" }).Description)
    end)

    it("are listed in pages, and numbers never come again", function()
      local _, _, _, text = client:ask { action = "ListFlowVersions", query = { FlowName = "orders" } }
      assert.matches('^{"FlowVersions":%[%],', text)
      for _ = 1, 4 do
        post("PublishFlowVersion", { FlowName = "orders" })
      end
      for _, number in ipairs { "2", "4" } do
        assert.same({}, post("DeleteFlowVersion", { FlowName = "orders", FlowVersion = number }))
      end
      assert.equal("5", post("PublishFlowVersion", { FlowName = "orders" }).Version)
      local versions, pages = all("ListFlowVersions", "FlowVersions", { FlowName = "orders", Limit = "2" })
      assert.same({ "1", "3", "5", 2 }, { versions[1].Version, versions[2].Version, versions[3].Version, pages })
    end)

    it("are refused where there is none", function()
      for _, number in ipairs { "1", "x", "1.0" } do
        refused(404, "FlowNotExists", client:get("DescribeFlow", { Name = "orders", FlowVersion = number }))
        refused(404, "FlowNotExists", client:post("DeleteFlowVersion", { FlowName = "orders", FlowVersion = number }))
      end
      for action, method in pairs { PublishFlowVersion = "post", ListFlowVersions = "get" } do
        refused(404, "FlowNotExists", client[method](client, action, { FlowName = "none" }))
        refused(400, "MissingRequiredParams", client[method](client, action, {}))
      end
      refused(400, "InvalidArgument", client:get("ListFlowVersions", { FlowName = "orders", Limit = "0" }))
      refused(400, "InvalidArgument", client:get("ListFlowVersions",
        { FlowName = "orders", NextToken = get("ListFlows", { Limit = "1" }).NextToken or "x" }))
    end)
  end)

  describe("aliases", function()
    local ROUTES = '[{"Version":"1","Weight":90},{"Version":"2","Weight":10}]'

    before_each(function()
      good(create "orders")
      for _ = 1, 2 do
        post("PublishFlowVersion", { FlowName = "orders" })
      end
    end)

    local function alias(name, routes)
      return client:post("CreateFlowAlias",
        { FlowName = "orders", Name = name, RoutingConfigurations = routes or ROUTES })
    end

    it("are created, described and changed, in the forms of their pages", function()
      local created = good(alias "live")
      assert.matches(MILLISECONDS, created.CreatedTime)
      assert.same({ "orders", "live", 90 },
        { created.FlowName, created.Name, created.RoutingConfigurations[1].Weight })
      assert.matches(MILLISECONDS, get("DescribeFlowAlias", { FlowName = "orders", Name = "live" }).Alias.CreatedTime)
      local updated = post("UpdateFlowAlias", { FlowName = "orders", Name = "live", Description = "new" }).Alias
      assert.matches(CHINA, updated.CreatedTime)
      assert.same({ "new", 2 }, { updated.Description, #updated.RoutingConfigurations })
      updated = post("UpdateFlowAlias", { FlowName = "orders", Name = "live",
        RoutingConfigurations = '[{"Version":"2","Weight":100}]' }).Alias
      assert.same({ "new", { { Version = "2", Weight = 100 } } },
        { updated.Description, updated.RoutingConfigurations })
    end)

    it("are listed in pages, with weights that are texts there", function()
      local _, _, _, text = client:ask { action = "ListFlowAliases", query = { FlowName = "orders" } }
      assert.matches('^{"Aliases":%[%],', text)
      for number = 1, 3 do
        good(alias("live" .. number))
      end
      local aliases, pages = all("ListFlowAliases", "Aliases", { FlowName = "orders", Limit = "2" })
      assert.same({ 3, 2, "90" }, { #aliases, pages, aliases[1].RoutingConfigurations[1].Weight })
      assert.same({}, post("DeleteFlowAlias", { FlowName = "orders", Name = "live2" }))
      assert.equal(2, #all("ListFlowAliases", "Aliases", { FlowName = "orders" }))
    end)

    it("are refused where something is wrong", function()
      good(alias "live")
      refused(409, "FlowAlreadyExists", alias "live")
      for _, routes in ipairs { "[]", "{}", "1", "x", '[{"Version":"1"}]', '[{"Weight":1}]',
        '[{"Version":1,"Weight":1}]', '[{"Version":"1","Weight":1.5}]', '[{"Version":"1","Weight":"1"}]', '[1]',
        '[{"Version":"1","Weight":1},{"Version":"1","Weight":1},{"Version":"2","Weight":1}]' } do
        refused(400, "InvalidArgument", alias("more", routes))
      end
      refused(404, "FlowNotExists", alias("more", '[{"Version":"3","Weight":1}]'))
      refused(400, "MissingRequiredParams", alias("more", ""))
      for action, method in pairs { UpdateFlowAlias = "post", DescribeFlowAlias = "get", DeleteFlowAlias = "post" } do
        refused(404, "FlowNotExists", client[method](client, action, { FlowName = "orders", Name = "none" }))
        refused(404, "FlowNotExists", client[method](client, action, { FlowName = "none", Name = "live" }))
        refused(400, "MissingRequiredParams", client[method](client, action, { FlowName = "orders" }))
      end
    end)
  end)

  describe("schedules", function()
    before_each(function() good(create "orders") end)

    local function schedule(name, more)
      local form = { FlowName = "orders", ScheduleName = name, CronExpression = "0 30 9 * * *" }
      for key, value in pairs(more or {}) do
        form[key] = value or nil
      end
      return client:post("CreateSchedule", form)
    end

    it("are stored and described", function()
      local created = good(schedule("daily", { Enable = "true", Payload = '{"a":[]}', Description = "each day" }))
      assert.matches(MILLISECONDS, created.CreatedTime)
      assert.same({ "daily", "0 30 9 * * *", true, '{"a":[]}', "each day" }, { created.ScheduleName,
        created.CronExpression, created.Enable, created.Payload, created.Description })
      assert.same(created, get("DescribeSchedule", { FlowName = "orders", ScheduleName = "daily" }))
      assert.is_false(good(schedule "weekly").Enable)
    end)

    it("are changed where something is given, and deleted", function()
      local created = good(schedule("daily", { Enable = "true" }))
      emulator:clock { advance = 1 }
      local updated = post("UpdateSchedule", { FlowName = "orders", ScheduleName = "daily", Enable = "false" })
      assert.same({ false, created.CronExpression, created.ScheduleId },
        { updated.Enable, updated.CronExpression, updated.ScheduleId })
      assert.is_true(updated.LastModifiedTime > created.LastModifiedTime)
      assert.same({}, post("DeleteSchedule", { FlowName = "orders", ScheduleName = "daily" }))
      for action, method in pairs { UpdateSchedule = "post", DescribeSchedule = "get", DeleteSchedule = "post" } do
        assert.equal("The schedule daily for flow orders does not exist.", refused(404, "ScheduleNotExists",
          client[method](client, action, { FlowName = "orders", ScheduleName = "daily" })))
        refused(404, "FlowNotExists", client[method](client, action, { FlowName = "none", ScheduleName = "daily" }))
        refused(400, "MissingRequiredParams", client[method](client, action, { FlowName = "orders" }))
      end
    end)

    it("are listed in pages", function()
      local _, _, _, text = client:ask { action = "ListSchedules", query = { FlowName = "orders" } }
      assert.matches('^{"Schedules":%[%],', text)
      for number = 1, 5 do
        good(schedule("daily" .. number))
      end
      local schedules, pages = all("ListSchedules", "Schedules", { FlowName = "orders", Limit = "2" })
      assert.same({ 5, 3, "daily5" }, { #schedules, pages, schedules[5].ScheduleName })
      refused(400, "InvalidArgument", client:get("ListSchedules", { FlowName = "orders", Limit = "1001" }))
    end)

    it("are refused as documented", function()
      good(schedule "daily")
      assert.equal("The schedule daily already exists in flow orders.",
        refused(409, "ScheduleAlreadyExists", schedule "daily"))
      refused(404, "FlowNotExists", schedule("daily", { FlowName = "none" }))
      refused(400, "MissingRequiredParams", schedule("more", { CronExpression = false }))
      for _, more in ipairs { { Enable = "yes" }, { Payload = "{" }, { ScheduleName = "2" } } do
        refused(400, "InvalidArgument", schedule("more", more))
      end
    end)
  end)

  it("live in regions, named in Chinese unless English is asked for", function()
    local regions = post("DescribeRegions", {}).Regions.Region
    assert.same({ 7, "cn-hangzhou", "cn-hangzhou.fnf.aliyuncs.com", "华东1（杭州）" }, { #regions, regions[1].RegionId,
      regions[1].RegionEndpoint, regions[1].LocalName })
    regions = post("DescribeRegions", { AcceptLanguage = "en-US" }).Regions.Region
    assert.equal("China (Hangzhou)", regions[1].LocalName)
    refused(400, "InvalidArgument", client:post("DescribeRegions", { AcceptLanguage = "de" }))
    refused(400, "ActionNotSupported", client:get "DescribeRegions")
  end)

  it("are written by POST with a form, and parameters elsewhere do not count", function()
    refused(400, "ActionNotSupported", client:get("CreateFlow", { Name = "orders" }))
    refused(400, "MissingRequiredParams", client:post("DeleteFlow", {}, { Name = "orders" }))
    refused(400, "ActionNotSupported", client:post("ListFlows", {}))
  end)

  it("are refused where the flow is not there, or a token is of another list", function()
    good(create "orders")
    good(create "parts")
    local token = get("ListFlows", { Limit = "1" }).NextToken
    for action, list in pairs { ListFlowVersions = true, ListFlowAliases = false, ListSchedules = false } do
      refused(404, "FlowNotExists", client:get(action, { FlowName = "none" }))
      refused(400, "InvalidArgument", client:get(action, { FlowName = "orders",
        NextToken = list and token or "of nothing" }))
    end
    refused(404, "FlowNotExists", client:post("DeleteFlowVersion", { FlowName = "none", FlowVersion = "1" }))
    refused(404, "FlowNotExists", client:post("CreateFlowAlias", { FlowName = "none", Name = "live",
      RoutingConfigurations = '[{"Version":"1","Weight":1}]' }))
    post("PublishFlowVersion", { FlowName = "orders" })
    post("CreateFlowAlias", { FlowName = "orders", Name = "live",
      RoutingConfigurations = '[{"Version":"1","Weight":1}]' })
    refused(404, "FlowNotExists", client:post("UpdateFlowAlias", { FlowName = "orders", Name = "live",
      RoutingConfigurations = '[{"Version":"2","Weight":1}]' }))
    assert.equal("1", get("DescribeFlowAlias", { FlowName = "orders", Name = "live" }).Alias.RoutingConfigurations[1]
      .Version)
    refused(404, "ExecutionNotExists", client:get("UpdateMapRun", { FlowName = "orders", ExecutionName = "none",
      MapRunName = "none" }))
  end)

  it("take no form but the one that forms are sent in", function()
    local request = { action = "DeleteFlow", form = { Name = "orders" }, family = "ACS3-HMAC-SHA256",
      common = { ["content-type"] = false } }
    local said = asker.wire(client:prepare(request)) -- libcurl would add one
    assert.matches("^HTTP/1.1 400 .*MissingRequiredHeader", said)
    request.common["content-type"] = "application/json"
    refused(415, "UnsupportedMediaType", client:ask(request))
  end)

  it("refuse roles and sessions that are none", function()
    local function assume(arn, session)
      return client:ask { action = "AssumeRole", common = { Version = "2015-04-01" },
        form = { RoleArn = arn, RoleSessionName = session } }
    end
    refused(400, "InvalidArgument", assume("role", "session"))
    refused(400, "InvalidArgument", assume("acs:ram::1:role/a", "s"))
    refused(400, "InvalidArgument", assume("acs:ram::1:role/a", "a b"))
    good(assume("acs:ram::1:role/a", "session"))
  end)

  it("are beside a metadata service that refuses as the real one does", function()
    local ROLES = "/latest/meta-data/ram/security-credentials/"
    local function ask(method, path, headers)
      local status, _, body = client:send { method = method, url = emulator.url .. path, headers = headers or {},
        timeout = 10, connect_timeout = 10 }
      return status, body
    end
    emulator:identity { metadata = "v2", role = "role" }
    local TTL = "X-aliyun-ecs-metadata-token-ttl-seconds"
    assert.same({ 405, 400, 400 }, { ask("POST", "/latest/api/token", { [TTL] = "60" }), (ask("PUT",
      "/latest/api/token")), (ask("PUT", "/latest/api/token", { [TTL] = "0" })) })
    local _, token = ask("PUT", "/latest/api/token", { [TTL] = "60" })
    local with = { ["X-aliyun-ecs-metadata-token"] = token }
    assert.same({ 403, 200, 404, 404 }, { (ask("GET", ROLES)), (ask("GET", ROLES .. "role", with)),
      (ask("GET", ROLES .. "other", with)), (ask("GET", "/latest/else", with)) })
  end)

  it("15.7: and their schedules are deleted by GET, too, as older clients do", function()
    good(create "orders")
    post("CreateSchedule", { FlowName = "orders", ScheduleName = "daily", CronExpression = "0 30 9 * * *" })
    refused(400, "MissingRequiredParams", client:get("DeleteSchedule", { FlowName = "orders" }))
    get("DeleteSchedule", { FlowName = "orders", ScheduleName = "daily" })
    refused(404, "ScheduleNotExists", client:get("DescribeSchedule", { FlowName = "orders", ScheduleName = "daily" }))
    get("DeleteFlow", { Name = "orders" })
    refused(404, "FlowNotExists", client:get("DescribeFlow", { Name = "orders" }))
  end)
end)
