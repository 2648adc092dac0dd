--- One request of the service: every check in its order, then the operation; the answer is still a record.
-- SPDX-License-Identifier: MIT

local hold = require "fnf.emulator.hold"
local errors = require "fnf.emulator.errors"
local operations = require "fnf.emulator.operations"
local quota = require "fnf.emulator.quota"
local requests = require "fnf.emulator.request"
local store = require "fnf.emulator.store"
local verify = require "fnf.emulator.verify"

local service = {}

local refuse = errors.refuse

local VERSION = "2019-03-15"

-- The documented limit of one request, 1,024 KiB.
local LARGEST = 1024 * 1024

local function check_target(request, claim)
  local operation = operations[claim.action]
  if claim.version ~= (operation and operation.version or VERSION) then
    return refuse("APIVersionNotSupported", claim.version)
  end
  if not operation then
    return refuse("ActionNotSupported", claim.action)
  end
  if request.path ~= "/" then
    return refuse "InvalidApi.NotFound"
  end
end

-- The text of UnsupportedMediaType asks for JSON, yet the vendor's own clients send forms; so does every client here.
local function check_media_type(request)
  if request.body == "" or request.method ~= "POST" then
    return nil
  end
  if not request.header["content-type"] then
    return refuse("MissingRequiredHeader", "Content-Type")
  end
  local media_type = request.header["content-type"]:lower():match "^[^;%s]*"
  if media_type ~= "application/x-www-form-urlencoded" then
    return refuse "UnsupportedMediaType"
  end
end

--- Is this request to be answered at all? Reads its claim and checks size, target and signature.
---@param request fnf.emulator.Request
---@param now number the service's wall time, seconds
---@return fnf.emulator.Claim? claim
---@return fnf.emulator.Refusal? refusal
function service.admit(request, now)
  if request.size > LARGEST then
    return nil, refuse("EntityTooLarge", LARGEST)
  end
  local operation = operations[request.query.Action or ""]
  if operation and operation.unsigned then
    local claim = { family = "none", action = request.query.Action, version = request.query.Version }
    return claim, check_target(request, claim)
  end
  local claim, refusal = verify.claim(request)
  if not claim then
    return nil, refusal
  end
  refusal = check_target(request, claim) or verify.check(request, claim, store, now)
  return claim, refusal
end

--- Carries out an admitted request.
---@param request fnf.emulator.Request
---@param claim fnf.emulator.Claim
---@return table? object
---@return fnf.emulator.Refusal? refusal
function service.carry_out(request, claim)
  local operation = operations[claim.action]
  -- The quotas are CloudFlow's, not those of STS.
  if store.quota and not operation.version and not quota.take(store.quota, claim.action, ngx.now()) then
    return nil, refuse "ResourceThrottled"
  end
  -- No code for a wrong method is documented. The former one is that of the vendor's clients before 2.1.1.
  if request.method ~= operation.method and request.method ~= operation.former_method then
    return nil, refuse("ActionNotSupported", claim.action)
  end
  local refusal = check_media_type(request)
  if refusal then
    return nil, refusal
  end
  local values
  values, refusal = requests.values(operation, request)
  if not values then
    return nil, refusal
  end
  local object
  object, refusal = operation.carry_out(values)
  if operation.writes then
    hold.tell()
  end
  return object, refusal
end

--- The answer that tells of a result or a refusal.
---@param object? table
---@param refusal? fnf.emulator.Refusal
---@return fnf.emulator.Answer
function service.answer(object, refusal)
  if not refusal then
    return { status = 200, headers = {}, object = object or {} }
  end
  local status, code, message = errors.spell(refusal, store.gateway)
  return { status = status, headers = {}, object = { Code = code, Message = message } }
end

return service
