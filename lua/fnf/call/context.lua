--- What a source of credentials sees of the context: the platform, within the limits of the call that needs a key.
-- SPDX-License-Identifier: MIT
--
-- A source knows nothing of deadlines, cancelling, the caller's transport or the service's clock: this is where they
-- are put around the platform.

local context = {}

---@class fnf.CallContext : fnf.Platform
---@field time fun(): number seconds since 1970, by which ends of keys are judged
---@field left fun(): number seconds until the call's deadline
---@field sleep fun(seconds: number): boolean, fnf.Error|nil false if cancelled, or why it may not
---@field send fun(request: fnf.Request): fnf.Answer|nil, fnf.Error|nil
---@field run? fun(words: string[], limits: { timeout: number, limit: integer }): string|nil, string|fnf.Error|nil
---@field call fun(row: fnf.Operation, params: table, product: table, attempt_timeout: number): table|nil, fnf.Error|nil
---@field tell fun(name: string, fields: table)

--- The context of a call.
---@param call fnf.Call
---@return fnf.CallContext
function context.of(call)
  local client, platform, cancel = call.client, call.platform, call.cancel
  local made = {}

  function made.time()
    return client:key_time(platform)
  end

  function made.left()
    return call.deadline and call.deadline - platform.now() or math.huge
  end

  function made.sleep(seconds)
    return platform.sleep(math.max(0, math.min(seconds, made.left())), cancel)
  end

  function made.send(request)
    request.timeout = math.min(request.timeout, math.max(0.001, made.left()))
    request.connect_timeout = math.min(request.connect_timeout, request.timeout)
    return client:send(request, platform, cancel)
  end

  made.run = platform.run and function(words, limits)
    limits.timeout = math.min(limits.timeout, math.max(0, made.left()))
    return platform.run(words, limits, cancel)
  end

  -- An operation of another product, on the way every call takes, within this call's limits.
  function made.call(row, params, product, attempt_timeout)
    product.target.user_agent, product.target.headers = client.target.user_agent, {}
    product.target.direct = product.target.endpoint.loopback -- a proxy is not meant for this machine
    return client:perform(row, params, {
      product = product, attempt_timeout = attempt_timeout, deadline = call.deadline, cancel = cancel,
    }, platform)
  end

  function made.tell(name, fields)
    client:tell(name, fields)
  end

  return setmetatable(made, { __index = platform })
end

--- The context before there is a call: environment and files.
---@param platform fnf.Platform
---@return fnf.CallContext
function context.before_calls(platform)
  return setmetatable({ tell = function() end }, { __index = platform })
end

return context
