--- Status, headers and body to a result or an error.
-- SPDX-License-Identifier: MIT

local operations = require "fnf.operations"
local response = require "fnf.call.response"
local fake_platform = require "spec.support.fake_platform"

local ROW = operations.describe_map_run

local function read(answer)
  answer.status, answer.headers = answer.status or 200, answer.headers or {}
  return response.read(ROW, fake_platform.names, answer)
end

describe("a good answer", function()
  local BODY = [[{"Concurrency":20,"ExecutionName":"e","ItemCounts":{"Aborted":0,"Failed":3,"Pending":90,"Running":7,
    "Succeed":1900,"Total":2000},"MapRunName":"]] .. fake_platform.names.MapRunName .. [[","RequestId":"r",
    "StartedTime":"2025-10-24T14:11:26+08:00","Status":"Running","StoppedTime":null,"ToleratedFailedCount":5,
    "ToleratedFailedPercentage":2,"New":{"Deep":[1,null,2.5]}}]]

  it("has all ten fields and the six counters, absent as nil", function()
    assert.same({
      Concurrency = 20, ExecutionName = "e", MapRunName = fake_platform.names.MapRunName, RequestId = "r",
      Status = "Running",
      StartedTime = "2025-10-24T14:11:26+08:00", ToleratedFailedCount = 5, ToleratedFailedPercentage = 2,
      ItemCounts = { Aborted = 0, Failed = 3, Pending = 90, Running = 7, Succeed = 1900, Total = 2000 },
      New = { Deep = { [1] = 1, [3] = 2.5 } },
    }, (assert(read { body = BODY })))
  end)

  it("has integers as integers and a share as a float, where Lua tells them apart", function()
    local run = assert(read { body = BODY })
    assert.equal("20", tostring(run.Concurrency))
    assert.equal("1900", tostring(run.ItemCounts.Succeed))
    assert.equal("0", tostring(run.ItemCounts.Aborted))
    assert.equal(math.tointeger and "2.0" or "2", tostring(run.ToleratedFailedPercentage))
  end)

  it("lists every entry, whatever nulls stand between", function()
    for text, names in pairs { ['[{"Name":"a"},null,{"Name":"b"},null]'] = "ab", ['[null,null,{"Name":"c"}]'] = "c",
      ["[null]"] = "", ["[]"] = "" } do
      local page = assert(response.read(operations.list_flows, {}, { status = 200, headers = {},
        body = '{"RequestId":"r","Flows":' .. text .. "}" }))
      local found = ""
      for _, flow in ipairs(page.Flows) do
        found = found .. flow.Name
      end
      assert.same({ names, #names }, { found, #page.Flows }, text)
    end
  end)

  it("may have a status that nobody knows yet, and lack every other field", function()
    assert.same({ Status = "Paused" }, (read { body = '{"Status":"Paused"}' }))
  end)

  local SUCCESSES = { '"Code":null,"Message":null', '"Code":200,"Message":"OK"', '"Code":"200","Message":"ok"',
    '"Code":"OK","Message":""', '"Code":"success","Message":"x"', '"Message":"a note"' }
  for _, fields in ipairs(SUCCESSES) do
    it("is no refusal by " .. fields, function()
      local run, err = read { body = "{" .. fields .. ',"Status":"Running"}' }
      assert.is_nil(err)
      assert.equal("Running", run.Status)
    end)
  end

  it("may begin with blanks and be as deep as 32", function()
    assert.is_truthy(read { body = ' \r\n\t{"Status":"x","D":' .. ("["):rep(31) .. ("]"):rep(31) .. "}\n" })
  end)
end)

describe("a senseless answer", function()
  local ROWS = {
    { "empty", { body = "" }, "empty" },
    { "blank", { body = "  \n" }, "no JSON object" },
    { "HTML", { body = "<html><body>Secret</body></html>" }, "HTML" },
    { "HTML after blanks", { body = "\n  <!DOCTYPE html>" }, "HTML" },
    { "HTML with status 502", { status = 502, body = "<html>" }, "HTML" },
    { "HTML that speaks of plain HTTP in its first kilobyte",
      { body = "<" .. ("x"):rep(1013) .. "plain HTTP" }, "speaks https" },
    { "HTML that speaks of plain HTTP later", { body = "<" .. ("x"):rep(1014) .. "plain HTTP" }, "HTML" },
    { "cut", { body = '{"Status":"Succeeded","ItemCou' }, "no JSON object" },
    { "two objects", { body = '{"Status":"Succeeded"}{}' }, "no JSON object" },
    { "an array", { body = '[{"Status":"Succeeded"}]' }, "no JSON object" },
    { "a string", { body = '"Succeeded"' }, "no JSON object" },
    { "a number", { body = "1" }, "no JSON object" },
    { "null", { body = "null" }, "no JSON object" },
    { "text", { body = "Succeeded" }, "no JSON object" },
    { "NaN in it", { body = '{"Status":"Succeeded","x":NaN}' }, "no JSON object" },
    { "a NUL after it", { body = '{"Status":"Succeeded"}\0' }, "no JSON object" },
    { "too deep", { body = '{"Status":"Succeeded","D":' .. ("["):rep(40) .. ("]"):rep(40) .. "}" }, "no JSON object" },
    { "as deep as a bomb", { body = '{"D":' .. ("["):rep(1e6) }, "no JSON object" },
    { "gzip", { headers = { ["content-encoding"] = "gzip" }, body = "\31\139\8" }, "gzip" },
    { "without Status", { body = '{"MapRunName":"' .. fake_platform.names.MapRunName .. '"}' }, "without Status" },
    { "with a number as Status", { body = '{"Status":3}' }, "without Status" },
    { "with null as Status", { body = '{"Status":null}' }, "without Status" },
    { "an empty object", { body = "{}" }, "without Status" },
    { "of another MapRun", { body = '{"Status":"Succeeded","MapRunName":"other"}' }, "another MapRunName" },
    { "of a MapRun with a number", { body = '{"Status":"Succeeded","MapRunName":5}' }, "another MapRunName" },
    { "a redirect", { status = 302, headers = { location = "https://evil/?x=Secret" }, body = "" }, "redirect" },
    { "the lowest redirect", { status = 300, body = '{"Status":"Succeeded"}' }, "redirect" },
    { "the highest redirect", { status = 399, body = '{"Status":"Succeeded"}' }, "redirect" },
    { "a redirect with a body", { status = 307, body = '{"Status":"Succeeded"}' }, "redirect" },
  }
  for _, row in ipairs(ROWS) do
    it(("is never a result, but may pass: %s"):format(row[1]), function()
      local result, err = read(row[2])
      assert.is_nil(result)
      assert.equal("protocol", err.kind)
      assert.is_true(err.retryable)
      assert.equal(row[2].status, err.status)
      assert.is_truthy(err.message:find(row[3], 1, true), err.message)
      assert.is_nil(tostring(err):find("Secret", 1, true))
    end)
  end

  for status, passes in pairs { [400] = false, [403] = false, [404] = false, [407] = false, [451] = false, [408] = true,
    [425] = true, [429] = true, [500] = true, [502] = true, [599] = true } do
    it(("12.16: with status %d and no JSON %s"):format(status, passes and "may pass" or "is final"), function()
      local _, err = read { status = status, body = "<html>" }
      assert.same({ "protocol", passes }, { err.kind, err.retryable })
    end)
  end

  it("of megabytes is refused at once", function()
    local started = os.clock()
    for _, body in ipairs { (" "):rep(8e6), ("{"):rep(8e6), ("<"):rep(8e6), '{"a":"' .. ("x"):rep(8e6) } do
      assert.is_nil((read { body = body }))
    end
    assert.is_true(os.clock() - started < 2)
  end)
end)

describe("a success", function()
  for name, row in pairs(operations) do
    local polled = name == "describe_map_run" or name == "describe_execution"
    it(("12.18: of %s needs %s, and no more"):format(name, polled and "a Status" or "a RequestId"), function()
      local bare = { status = 200, headers = {}, body = '{"RequestId":"r"}' }
      local result, err = response.read(row, {}, bare)
      if polled then
        assert.same({ nil, "protocol" }, { result, err.kind })
        assert.is_table((response.read(row, {}, { status = 200, headers = {}, body = '{"Status":"Odd"}' })))
      else
        assert.same({ RequestId = "r" }, result)
        assert.is_nil((response.read(row, {}, { status = 200, headers = {}, body = "{}" })))
      end
    end)
  end

  it("12.18: about another name than was asked for is none, whatever else it has", function()
    local bare = { status = 200, headers = {}, body = '{"RequestId":"r","Name":"other"}' }
    local result, err = response.read(operations.create_flow, { Name = "mine" }, bare)
    assert.is_nil(result)
    assert.matches("another Name", err.message)
  end)
end)

describe("a refusal", function()
  -- The codes DescribeMapRun documents, with its own texts.
  local CODES = {
    { 400, "InvalidArgument", "Parameter error." },
    { 400, "MissingRequiredHeader", "The HTTP header 'Date' must be specified." },
    { 400, "MissingRequiredParams", "The HTTP query 'FlowName' must be specified." },
    { 400, "ActionNotSupported", "The requested API operation 'X' is incorrect. Please check." },
    { 400, "APIVersionNotSupported", "The requested API version 'X' is not supported yet. Please check." },
    { 400, "EntityTooLarge", "The payload size exceeds maximum allowed size (1048576 bytes)." },
    { 412, "PreconditionFailed", "The resource to be modified has been changed." },
    { 500, "InternalServerError", "An internal error has occurred. Please retry." },
    { 403, "InvalidAccessKeyID", "The AccessKey ID KeyOfTheSpec is invalid." },
    { 403, "RequestTimeTooSkewed", "The difference between the request time A and the current time B is too large." },
    { 403, "SignatureNotMatch", "The request signature we calculated does not match the signature you provided. "
      .. "Check your access key and signing method." },
    { 403, "AccessDenied", "The resources doesn't belong to you." },
    { 404, "ExecutionNotExists", "Execution e for flow f does not exist." },
    { 404, "FlowNotExists", "Flow f does not exist." },
    { 415, "UnsupportedMediaType", 'The content type must be "application/json".' },
    { 429, "ResourceThrottled", "The request is throttled. Please try again later." },
  }
  for _, row in ipairs(CODES) do
    it("comes with code, status, message and request id: " .. row[2], function()
      local answer = fake_platform.refusal(row[1], row[2], row[3])
      local result, err = read { status = answer.status, body = require("fnf.json").encode(answer.body) }
      assert.is_nil(result)
      assert.same({ "service", row[1], row[2], row[3], "request-of-the-refusal" },
        { err.kind, err.status, err.code, err.message, err.request_id })
    end)
  end

  local ENVELOPES = { -- body, code, message, request id; whatever the gateway makes of it
    { '{"code":"X","message":"m","requestId":"r"}', "X", "m", "r" },
    { '{"Code":"X","Description":"d"}', "X", "d", "from-header" },
    { '{"Code":"X"}', "X", "no message", "from-header" },
    { '{"Message":"m"}', "HTTP400", "m", "from-header" },
    { "{}", "HTTP400", "no message", "from-header" },
    { '{"Code":5,"Message":7}', "5", "7", "from-header" },
    { '{"Code":null,"Message":{},"RequestId":[1]}', "HTTP400", "no message", "from-header" },
    { '{"Code":"A\\nB","Message":"m\\u0000\\r\\nn","RequestId":"r\\nq"}', "A B", "m n", "r q" },
  }
  for _, row in ipairs(ENVELOPES) do
    it("is made the best of: " .. row[1], function()
      local _, err = read { status = 400, headers = { ["x-acs-request-id"] = "from-header" }, body = row[1] }
      assert.same({ row[2], row[3], row[4] }, { err.code, err.message, err.request_id })
      assert.is_nil(tostring(err):find("%c"))
    end)
  end

  it("may come with status 200, from a very old gateway", function()
    local _, err = read { body = '{"Code":"Throttling","Message":"slow","Status":"Succeeded"}' }
    assert.same({ "service", "Throttling", 200 }, { err.kind, err.code, err.status })
  end)

  it("keeps the server's time of day", function()
    local headers = "Content-Type: application/json\r\nDATE:  Sun, 06 Nov 1994 08:49:37 GMT \r\n"
    local _, err = read { status = 403, headers = headers, body = '{"Code":"RequestTimeTooSkewed"}' }
    assert.equal(784111777, err.date)
  end)
end)

describe("a header", function()
  local ROWS = {
    { { ["retry-after"] = "5" }, "5" }, { { ["Retry-After"] = "5" }, "5" }, { "Retry-After: 5\r\n", "5" },
    { "retry-after:5\r\n", "5" }, { "Retry-After: 5 \r\n", "5" }, { "Retry-After:\t5\r\nX: y\r\n", "5" },
    { "X: retry-after: 9\r\nRETRY-AFTER: 5\r\n", "5" }, { "X: y\r\n", nil }, { {}, nil }, { "", nil },
    { { ["retry-after"] = { "5", "6" } }, nil }, { { [1] = "retry-after" }, nil }, { 5, nil },
  }
  for i, row in ipairs(ROWS) do
    it(("is found whatever its case and form, row %d"):format(i), function()
      assert.same({ row[2] }, { response.header(row[1], "retry-after") })
    end)
  end
end)
