--- What the command `fnf` ends with: one number a reason.
-- SPDX-License-Identifier: MIT

local exit = { OK = 0, FAILED = 1, USAGE = 2, ABORTED = 3, CREDENTIALS = 4, NOT_FOUND = 5, THROTTLED = 6, SERVICE = 7,
  NETWORK = 8, CONFIGURATION = 9, GUARD = 10, TIMEOUT = 124, INTERRUPTED = 130, CLOSED_PIPE = 141 }

exit.help = [[
Exit codes of fnf:

    0  done; of a wait: Succeeded
    1  of a wait: Failed (or TimedOut, of an execution)
    2  the command line is wrong
    3  of a wait: Aborted (or Stopped, of an execution)
    4  no key, a wrong one, or one without the permission
    5  there is no such thing
    6  throttled, and no attempt left
    7  the service refused or failed
    8  the network or TLS
    9  this machine's configuration
   10  a guard ended the wait: stalled, or more failures than are tolerated
  124  the time of --timeout is up; of a wait for MapRuns: checkpoints are printed
  130  Ctrl-C (the command ends by the signal)
  141  nobody reads the output any more

Of several waits it is the worst: the first error or guard, be it 5 or 124, then 1, then 3. What has not ended when the
time is up has its checkpoint printed all the same.

--exit-zero makes 1, 3 and 10 a 0.
]]

local OF_STATUS = { Succeeded = exit.OK, Failed = exit.FAILED, TimedOut = exit.FAILED, Aborted = exit.ABORTED,
  Stopped = exit.ABORTED }

local OF_KIND = { credentials = exit.CREDENTIALS, network = exit.NETWORK, tls = exit.NETWORK,
  protocol = exit.SERVICE, cancelled = exit.INTERRUPTED, memory = exit.CONFIGURATION }

--- The code of a wait that ended with this description; any other status is one that a guard ended it at.
---@param status string|nil
---@return integer
function exit.of_status(status)
  return OF_STATUS[status] or exit.GUARD
end

--- Service codes that mean a wrong key or a missing permission, whatever their HTTP status.
local KEYS = { "AccessKey", "Signature", "SecurityToken", "Forbidden", "NoPermission", "Unauthorized", "AccessDenied" }

--- The code of an error.
---@param err fnf.Error
---@param limited? boolean a time was given for the whole
---@return integer
function exit.of_error(err, limited)
  if err.kind == "timeout" then
    return err.stalled and exit.GUARD or (err.observed or limited) and exit.TIMEOUT or exit.NETWORK
  elseif err.kind ~= "service" then
    return OF_KIND[err.kind] or exit.SERVICE
  end
  local code = err.code or ""
  for _, word in ipairs(KEYS) do
    if code:find(word, 1, true) then
      return exit.CREDENTIALS
    end
  end
  if err.status == 401 or err.status == 403 then
    return exit.CREDENTIALS
  elseif err.status == 404 or code:find("NotExist") or code:find("NotFound") then
    return exit.NOT_FOUND
  elseif err.status == 429 or code:find("Thrott") then
    return exit.THROTTLED
  end
  return exit.SERVICE
end

return exit
