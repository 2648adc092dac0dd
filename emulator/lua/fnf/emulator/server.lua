--- What nginx calls: the start, and each request of the service from its coming in to its answer.
-- SPDX-License-Identifier: MIT

local clock = require "fnf.emulator.clock"
local delivery = require "fnf.emulator.delivery"
local faults = require "fnf.emulator.faults"
local journal = require "fnf.emulator.journal"
local json = require "fnf.emulator.json"
local operations = require "fnf.emulator.operations"
local incoming = require "fnf.emulator.request"
local service = require "fnf.emulator.service"
local store = require "fnf.emulator.store"
local timestamp = require "fnf.emulator.timestamp"

local server = {}

local common = {
  Action = true, Version = true, Format = true, Timestamp = true, SignatureNonce = true, SignatureMethod = true,
  SignatureVersion = true, AccessKeyId = true, SecurityToken = true, Signature = true,
}

local function own_parameters(request)
  local own = {}
  for _, fields in ipairs { request.query, request.form } do
    for name, value in pairs(fields) do
      if not common[name] then
        own[name] = value
      end
    end
  end
  return own
end

local function action_of(request)
  return request.query.Action or request.header["x-acs-action"] or request.form.Action
end

local function note(request)
  return journal.add(store.journal, {
    at = ngx.now(), method = request.method, path = request.path, scheme = ngx.var.scheme,
    protocol = ngx.var.server_protocol, connection = tonumber(ngx.var.connection),
    connection_requests = tonumber(ngx.var.connection_requests),
    action = action_of(request), parameters = own_parameters(request), headers = request.header,
  })
end

-- What became of the request, as far as it ever reached the client.
local function note_answer(entry, claim, answer, wire)
  for _, name in ipairs { "family", "access_key_id", "nonce", "timestamp", "signature" } do
    entry[name] = claim and claim[name]
  end
  local lost = wire == "reset" or wire == "close"
  entry.status = not lost and answer.status or nil
  entry.code = answer.object and answer.object.Code
  local action = operations[entry.action or ""] and entry.action or "other"
  journal.count(store.journal, action, entry.status or wire)
end

-- lua-cjson writes an empty list as an empty object. RequestId is always there, so the comma is right.
local function encode(object, operation)
  local list = operation and operation.list
  if not (list and object[list] and #object[list] == 0) then
    return json.encode(object)
  end
  object[list] = nil
  return ('{"%s":[],'):format(list) .. json.encode(object):sub(2)
end

local function seal(answer, request, id)
  if not answer.object then
    return
  end
  answer.object.RequestId = id
  answer.object.HostId = answer.object.Code and request.host or nil
  answer.body = encode(answer.object, operations[action_of(request) or ""])
end

-- The caller's own id if it can stand in a header.
local function request_id(request)
  local wanted = request.query.RequestId or request.form.RequestId or ""
  return #wanted <= 128 and wanted:match "^[%w._-]+$" or ngx.var.request_id
end

local function fault_for(entry)
  local fault = faults.take(store.faults, entry.action)
  if not fault then
    return {}
  end
  entry.fault = fault.kind
  if fault.delay then
    ngx.sleep(fault.delay)
  end
  return fault
end

local function service_time(fault)
  return clock.service(store.clock, ngx.now()) + (fault.kind == "skew" and fault.seconds or 0)
end

local function wire_of(kind, entry)
  if not kind.http1_only or ngx.req.http_version() < 2 then
    return kind.wire
  end
  entry.note = "not possible in HTTP/2"
  return "reset"
end

local function settings_file(name)
  return ngx.config.prefix() .. name
end

--- Loads every module while a failure still stops nginx with a clear message, and opens the store.
function server.open()
  local file = assert(io.open(settings_file "settings.json"))
  local settings = json.decode(file:read "*a")
  file:close()
  require "fnf.emulator.control"
  require "fnf.emulator.identity"
  store.open(settings, ngx.now())
end

--- Tells the launcher that the ports are open: connections are queued from here on.
function server.ready()
  local file = assert(io.open(settings_file "events", "w"))
  file:write "ready\n"
  file:close()
end

--- Serves one request of the service.
function server.serve()
  local request = incoming.read()
  local entry = note(request)
  local fault = fault_for(entry)
  local claim, refusal = service.admit(request, service_time(fault))
  -- A fault must not hide that a request was signed wrongly.
  local kind = not refusal and faults.kinds[fault.kind] or { carried = true }
  local object
  if not refusal and kind.carried then
    object, refusal = service.carry_out(request, claim)
  end
  local answer = service.answer(object, refusal)
  -- Once more, since an answer may have been held back.
  local now = service_time(fault)
  local id = request_id(request)
  answer.headers["Content-Type"] = "application/json;charset=utf-8"
  answer.headers.Date = timestamp.http(now)
  answer.headers["x-acs-request-id"] = id
  if kind.change then
    kind.change(answer, fault)
  end
  faults.add_hints(answer.headers, fault, now)
  local wire = wire_of(kind, entry)
  note_answer(entry, claim, answer, wire)
  seal(answer, request, id)
  if kind.garble then
    kind.garble(answer)
  end
  return delivery.send(answer, wire, fault)
end

return server
