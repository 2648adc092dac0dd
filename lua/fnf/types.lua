---@meta
--- What the service answers and what the library tells, for editors; required by nobody.
-- SPDX-License-Identifier: MIT
--
-- Classes of the library's own modules stand in those modules; those of operations and methods in fnf/types/.

---- what the service answers (API.md sections 4 and 7) ----

---@alias fnf.MapRunStatus "Pending"|"Running"|"Succeeded"|"Failed"|"Aborted"|string unknown ones pass through

--- The answer of DescribeMapRun.
---@class fnf.MapRun: fnf.DescribeMapRunResult
---@field Status fnf.MapRunStatus
---@field FlowName? string not in the answer itself: known of the MapRuns of `client:run`

--- The parameters of DescribeMapRun and of `wait_map_run`.
---@class fnf.MapRunNames
---@field FlowName string
---@field ExecutionName string
---@field MapRunName string
---@field RequestId? string an id for the request, chosen by the caller

---- what the caller gives ----

--- The options of `fnf.new`; what is absent comes from the environment or has a default.
---@class fnf.Options
---@field region? string such as "cn-hangzhou"
---@field network? "public"|"vpc"
---@field endpoint? string scheme and host instead of the region's own
---@field access_key_id? string
---@field access_key_secret? string
---@field security_token? string
---@field signature? "HMAC-SHA1"|"ACS3-HMAC-SHA256"|"ACS3-HMAC-SM3"
---@field credentials? fnf.CredentialsProvider|fun(context: fnf.CallContext): table|nil, any where the key comes from
---@field timeout? number seconds for the whole of every call, retries included; none by default, and none for waits
---@field attempt_timeout? number seconds of one attempt (15)
---@field connect_timeout? number seconds (5)
---@field max_attempts? integer of one call (3)
---@field ca_file? string PEM file of the authorities to trust
---@field cert_file? string PEM file of a client certificate
---@field key_file? string PEM file of its key
---@field proxy? string URL; "" for none
---@field no_proxy? string hosts, separated by commas
---@field share? fnf.ShareOption what `fnf.share.redis{ url = ... }` gives, or { command = function }
---@field rate_limit? { rate?: number, burst?: number, probe?: boolean }|false requests a second and at once that all
---  waits share; probe: try for more while none is throttled
---@field max_connections? integer at once (32)
---@field user_agent? string
---@field traceparent? string W3C Trace Context that every request carries
---@field on_event? fun(name: fnf.EventName, fields: fnf.EventFields)
---@field transport? fun(request: fnf.Request): fnf.Answer|nil, any

---- what the library tells ----

---@alias fnf.EventName
---| "request" # an attempt is about to be sent: operation, attempt, host
---| "response" # what became of it: operation, attempt, status, seconds, error
---| "retry" # another attempt follows: operation, attempt, delay, reason, error
---| "throttle" # the same, because the service asked to slow down
---| "poll" # a wait is about to poll: operation, poll
---| "progress" # what it saw: operation, run, progress
---| "warning" # something is not as it should be: message; or operation, error, misses
---| "stall" # nothing has moved although something should have: operation, run, progress
---| "refresh" # a key was got or renewed, or could not be: source, expires, error
---| "done" # a wait has ended: operation, polls, status or error

--- The fields of an event; which ones, its name says. None ever holds a secret.
---@class fnf.EventFields
---@field operation? string such as "DescribeMapRun"
---@field attempt? integer from 1
---@field host? string
---@field status? integer|string of the answer: HTTP's; of a wait that is done: the service's
---@field seconds? number how long the attempt took
---@field delay? number seconds until the next attempt
---@field reason? fnf.Reason
---@field error? fnf.Error
---@field poll? integer from 1
---@field polls? integer
---@field run? fnf.MapRun
---@field progress? fnf.Progress
---@field misses? integer failed polls since the last answer
---@field message? string
---@field source? string where a key is from, such as "env" or "assume_role"
---@field expires? number seconds since 1970: when that key ends
