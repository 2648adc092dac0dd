--- Keys from a URI that answers with them.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local input = require "fnf.credentials.input"
local parse = require "fnf.credentials.parse"

local uri = {}

local VARIABLE = "ALIBABA_CLOUD_CREDENTIALS_URI"

--- Why the environment does not ask for this source, or nil.
---@param context fnf.CallContext
---@return string|nil
function uri.skip(context)
  if not input.variable(context, VARIABLE) then
    return VARIABLE .. " is not set"
  end
end

---@param context fnf.CallContext
---@param settings { uri?: string }
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function uri.fetch(context, settings)
  local address = settings.uri or input.variable(context, VARIABLE)
  if not address then
    return nil, errors.credentials("no credentials URI: none is given and " .. uri.skip(context))
  end
  local problem = input.validate_url(address)
  if problem then
    return nil, errors.credentials("the credentials URI " .. problem)
  end
  local body, err = input.ask(context, { method = "GET", url = address,
    secrets = { address:match("^%a+://[^/?#]*.(.*)$") } }, "the credentials URI")
  if not body then
    return nil, err
  end
  local object = parse.object(body)
  -- Some of the vendor's libraries take an answer whatever its Code; a failure is none.
  if not object or object.Code ~= nil and object.Code ~= "Success" then
    return nil, errors.credentials("the credentials URI answered without success")
  end
  return parse.temporary(object, parse.spellings.service, "credential_uri")
end

return uri
