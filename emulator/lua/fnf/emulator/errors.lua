--- The service's refusals as rows: HTTP status and text of every documented code, and the envelope they travel in.
-- SPDX-License-Identifier: MIT

local errors = {}

local function row(status, message)
  return { status = status, message = message }
end

--- CloudFlow's own codes. Source: its error tables (2024-07 metadata, DescribeMapRun page).
errors.rows = {
  APIVersionNotSupported = row(400, "The requested API version '%s' is not supported yet. Please check."),
  ActionNotSupported = row(400, "The requested API operation '%s' is incorrect. Please check."),
  EntityTooLarge = row(400, "The payload size exceeds maximum allowed size (%s bytes)."),
  ExecutionAlreadyCompleted = row(400, "Execution '%s' for flow '%s' has already completed."),
  ExecutionAlreadyExists = row(400, "Execution %s for flow %s already exists."),
  InvalidArgument = row(400, "Parameter error. %s"),
  MissingRequiredHeader = row(400, "The HTTP header '%s' must be specified."),
  MissingRequiredParams = row(400, "The HTTP query '%s' must be specified."),
  TaskAlreadyCompleted = row(400, "Task %s has already completed."),
  AccessDenied = row(403, "The resources doesn't belong to you."),
  InvalidAccessKeyID = row(403, "The AccessKey ID %s is invalid."),
  RequestTimeTooSkewed = row(403, "The difference between the request time %s and the current time %s is too large."),
  SignatureNotMatch = row(403, "The request signature we calculated does not match the signature you provided. "
    .. "Check your access key and signing method. %s"),
  ExecutionNotExists = row(404, "Execution %s for flow %s does not exist."),
  FlowNotExists = row(404, "Flow %s does not exist."),
  ScheduleNotExists = row(404, "The schedule %s for flow %s does not exist."),
  ConcurrentUpdateError = row(409, "Update conflict, please retry."),
  FlowAlreadyExists = row(409, "Flow %s already exists."),
  ScheduleAlreadyExists = row(409, "The schedule %s already exists in flow %s."),
  TaskInvalidState = row(409, "Task is in an invalid state, please retry."),
  PreconditionFailed = row(412, "The resource to be modified has been changed."),
  UnsupportedMediaType = row(415, 'The content type must be "application/json".'),
  ResourceThrottled = row(429, "The request is throttled. Please try again later."),
  InternalServerError = row(500, "An internal error has occurred. Please retry."),
}

--- Codes of the shared gateway in front of CloudFlow: the ones CloudFlow has no word for, then the ones that take the
-- place of its own where `gateway` is asked for. Source: the common error code page, the SDK cores.
errors.gateway_rows = {
  IncompleteSignature = row(400, "The request signature does not conform to Aliyun standards. %s"),
  InvalidSignatureMethod = row(400, "Specified signature method is not supported."),
  ["InvalidTimeStamp.Format"] = row(400, "Specified time stamp or date value is not well formatted."),
  SignatureNonceUsed = row(400, "Specified signature nonce was used already."),
  ["InvalidAccessKeyId.Inactive"] = row(400, "Specified access key is disabled."),
  MissingSecurityToken = row(400, "SecurityToken is mandatory for this action."),
  ["InvalidSecurityToken.MismatchWithAccessKey"] = row(400, "Specified SecurityToken mismatch with the AccessKey."),
  ["InvalidSecurityToken.Expired"] = row(400, "Specified SecurityToken is expired."),
  ["InvalidApi.NotFound"] = row(404, "Specified api is not found, please check your url and method."),
  SignatureDoesNotMatch = row(400, "Specified signature does not match our calculation. %s"),
  ["InvalidAccessKeyId.NotFound"] = row(404, "Specified access key is not found."),
  ["InvalidTimeStamp.Expired"] = row(400, "Specified time stamp or date value is expired."),
  ["InvalidAction.NotFound"] = row(404, "Specified api is not found, please check your url and method."),
  MissingParameter = row(400, "The mandatory input parameter '%s' is not supplied."),
  ["Forbidden.RAM"] = row(403, "User not authorized to operate on the specified resource."),
  ["Throttling.User"] = row(400, "Request was denied due to user flow control."),
  ServiceUnavailable = row(503, "The request has failed due to a temporary failure of the server."),
  InternalError = row(500, "The request processing has failed due to some unknown error, exception or failure."),
}

--- What the gateway says in the place of CloudFlow's code.
errors.gateway_names = {
  SignatureNotMatch = "SignatureDoesNotMatch",
  InvalidAccessKeyID = "InvalidAccessKeyId.NotFound",
  RequestTimeTooSkewed = "InvalidTimeStamp.Expired",
  ActionNotSupported = "InvalidAction.NotFound",
  MissingRequiredParams = "MissingParameter",
  AccessDenied = "Forbidden.RAM",
  ResourceThrottled = "Throttling.User",
  InternalServerError = "InternalError",
}

---@class fnf.emulator.Refusal
---@field code string
---@field arguments string[] what fills the places of the message

--- A refusal with a known code.
---@param code string
---@param ... string|number what fills the places of its message
---@return fnf.emulator.Refusal
function errors.refuse(code, ...)
  assert(errors.rows[code] or errors.gateway_rows[code], code)
  return { code = code, arguments = { ... } }
end

--- The row of a code of either layer.
---@param code string
---@return { status: integer, message: string }?
function errors.row(code)
  return errors.rows[code] or errors.gateway_rows[code]
end

local function fill(message, arguments)
  local position = 0
  local text = message:gsub("%%s", function()
    position = position + 1
    return tostring(arguments[position] or "")
  end)
  return text:match "^.*%S" or ""
end

--- The text of a code with nothing filled in, for a refusal that has no cause.
---@param code string
---@return string
function errors.text(code)
  local found = errors.row(code)
  return found and fill(found.message, {}) or code
end

--- Code, status and text of a refusal.
---@param refusal fnf.emulator.Refusal
---@param gateway boolean the gateway's words instead of CloudFlow's own
---@return integer status
---@return string code
---@return string message
function errors.spell(refusal, gateway)
  local code = gateway and errors.gateway_names[refusal.code] or refusal.code
  local found = errors.row(code)
  return found.status, code, fill(found.message, refusal.arguments)
end

return errors
