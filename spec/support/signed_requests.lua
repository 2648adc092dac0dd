--- Signed requests to an emulator for the specs: every part of one can be set, and spoilt, by hand.
-- SPDX-License-Identifier: MIT

local core = require("fnf.core")
local cjson = require("cjson").new()

local asker = {}

local methods = {}

local metatable = { __index = methods }

--- `https` and `ca_file` change the transport.
function asker.new(emulator, options)
  options = options or {}
  return setmetatable({
    emulator = emulator, base = options.https and emulator.https_url or emulator.url,
    pool = assert(require("fnf.curl").pool({ ca_file = options.https and emulator.ca_file or nil, no_proxy = "*" })),
  }, metatable)
end

local function flat(fields)
  local list = {}
  for name, value in pairs(fields) do
    if value then list[#list + 1], list[#list + 2] = name, value end
  end
  return list
end

local function merge(into, from)
  for name, value in pairs(from or {}) do into[name] = value end
  return into
end

local function timestamp(offset) return os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(core.time() + (offset or 0))) end

local function signer(self, request, algorithm)
  local id = request.id or self.emulator.access_key_id
  return assert(core.signer(algorithm, id, request.secret or self.emulator.access_key_secret)), id
end

local function rpc(self, request)
  local signing, id = signer(self, request, "HMAC-SHA1")
  local query = merge({
    Action = request.action, Version = "2019-03-15", Format = "json", AccessKeyId = id, SignatureMethod = "HMAC-SHA1",
    SignatureVersion = "1.0", SignatureNonce = core.nonce(), Timestamp = timestamp(request.age and -request.age),
  }, request.query)
  merge(query, request.common)
  local text, body = signing:plan(request.method, "", flat(query), request.form and flat(request.form))({})
  return text, body, {}
end

local function acs3(self, request)
  local signing = signer(self, request, request.family)
  local body = request.form and core.encode(flat(request.form)) or nil
  local headers = merge({
    host = self.base:match("//(.*)$"), ["x-acs-action"] = request.action, ["x-acs-version"] = "2019-03-15",
    ["x-acs-date"] = timestamp(request.age and -request.age), ["x-acs-signature-nonce"] = core.nonce(),
    ["x-acs-content-sha256"] = signing:hash(body or ""),
    ["content-type"] = body and "application/x-www-form-urlencoded" or nil,
  }, request.common)
  local text, authorization = signing:acs3(request.method, flat(request.query or {}), flat(headers),
    signing:hash(body or ""))
  headers.host, headers.Authorization = nil, authorization
  for name, value in pairs(headers) do headers[name] = value or nil end
  return text, body, headers
end

--- The request as it would be sent: method, url, headers, body.
-- request: action, query, form (tables), family, method, id, secret, age (seconds), common (its own system
-- parameters or headers; false leaves one out), headers (unsigned, added), spoil(query text) -> query text.
function methods:prepare(request)
  request.method = request.method or request.form and "POST" or "GET"
  local build = request.family and acs3 or rpc
  local query, body, headers = build(self, request)
  if request.spoil then query = request.spoil(query) end
  if body and not request.family then headers["Content-Type"] = "application/x-www-form-urlencoded" end
  for name, value in pairs(request.headers or {}) do headers[name] = value or nil end
  return {
    method = request.method, url = self.base .. (request.path or "/") .. (query ~= "" and "?" .. query or ""),
    headers = headers, body = request.body or body, timeout = request.timeout or 10, connect_timeout = 10,
  }
end

--- Sends a prepared request. Returns status, headers (lower-case names), body; or nil, status name, message.
function methods:send(prepared)
  local id = assert(self.pool:start(prepared))
  while self.pool:in_flight() > 0 do self.pool:wait(10) end
  local taken, status, second, third = self.pool:take()
  assert(taken == id)
  if not status then return nil, second, third end
  local headers = {}
  for name, value in second:gmatch("([^:\r\n]+): ([^\r\n]*)\r\n") do headers[name:lower()] = value end
  return status, headers, third
end

--- Sends a request and reads its JSON: status, object, headers, text.
function methods:ask(request)
  local status, headers, text = self:send(self:prepare(request))
  if not status then return nil, headers, text end
  local read, object = pcall(cjson.decode, text)
  return status, read and object or nil, headers, text
end

--- A signed GET of an operation: status, object.
function methods:get(action, query)
  local status, object = self:ask({ action = action, query = query })
  return status, object
end

--- A signed POST of an operation: status, object.
function methods:post(action, form, query)
  local status, object = self:ask({ action = action, form = form, query = query, method = "POST" })
  return status, object
end

--- DescribeMapRun of a run that the emulator was told of.
function methods:describe(run, request)
  request = merge({}, request)
  request.action = "DescribeMapRun"
  request.query = merge({
    FlowName = run.FlowName, ExecutionName = run.ExecutionName, MapRunName = run.MapRunName,
  }, request.query)
  return self:ask(request)
end

function methods:close() self.pool:close() end

--- The bytes that come back for the bytes of a prepared request over a bare connection, and how it ended.
function asker.wire(prepared)
  local host, port = prepared.url:match("//([^:/]+):(%d+)")
  local target = prepared.url:match("//[^/]+(.*)$")
  local lines = { ("%s %s HTTP/1.1"):format(prepared.method, target), ("Host: %s:%s"):format(host, port) }
  for name, value in pairs(prepared.headers) do lines[#lines + 1] = name .. ": " .. value end
  if prepared.body then lines[#lines + 1] = "Content-Length: " .. #prepared.body end
  lines[#lines + 1] = "Connection: close" .. "\r\n\r\n" .. (prepared.body or "")
  local file = os.tmpname()
  local out = assert(io.open(file, "w"))
  out:write(table.concat(lines, "\r\n"))
  out:close()
  local script = ("exec 3<>/dev/tcp/%s/%s; cat %s >&3; cat <&3"):format(host, port, file)
  local pipe = io.popen(("timeout 20 bash -c '%s' 2>&1"):format(script))
  local answer = pipe:read("*a")
  pipe:close()
  os.remove(file)
  return answer
end

return asker
