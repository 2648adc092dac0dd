---@meta
-- What a client has besides one method for each operation.
-- SPDX-License-Identifier: MIT

---@class fnf.CallOptions of a single call
---@field timeout? number seconds for the whole call, retries included; the client's own unless given
---@field attempt_timeout? number seconds of one attempt; the client's own unless given
---@field max_attempts? integer 1 to 100
---@field cancel? fun(): any once it returns true the call ends
---@field traceparent? string W3C Trace Context that its requests carry; the client's own unless given

---@class fnf.UnlistedOptions: fnf.CallOptions
---@field method? "GET"|"POST" POST unless the operation is known
---@field repeatable? boolean whether an attempt that may have been carried out may be repeated

---@class fnf.RunParameters: fnf.StartExecutionParameters, fnf.RunOptions

---@class fnf.Client
local Client = {}

--- Add a listener of the events, beside the option `on_event`; the one added last hears first.
---@param listener fun(name: fnf.EventName, fields: fnf.EventFields)
---@return fun() stop ends it
function Client:listen(listener) end

--- Any operation by the service's name, its parameters unchecked: for what is newer than the rows.
---@param action string
---@param params? table<string, string|number|boolean|table>
---@param options? fnf.UnlistedOptions
---@return table|nil
---@return fnf.Error|nil
function Client:call(action, params, options) end

--- The pages of a list: a function that returns one at each call, nil after the last, or nil and an error.
---@param action string such as "ListFlows"
---@param params? table
---@param options? fnf.CallOptions of every single request
---@return fun(): table|nil, fnf.Error|nil
function Client:pages(action, params, options) end

--- The entries of all pages. This iterator and the next ones raise the error object.
---@param params? fnf.ListFlowsParameters
---@param options? fnf.CallOptions of every single request
---@return fun(): fnf.Flow|nil
function Client:flows(params, options) end

---@param params fnf.ListExecutionsParameters
---@param options? fnf.CallOptions
---@return fun(): fnf.Execution|nil
function Client:executions(params, options) end

---@param params fnf.GetExecutionHistoryParameters
---@param options? fnf.CallOptions
---@return fun(): fnf.Event|nil
function Client:events(params, options) end

---@param params fnf.ListSchedulesParameters
---@param options? fnf.CallOptions
---@return fun(): fnf.Schedule|nil
function Client:schedules(params, options) end

---@param params fnf.ListFlowVersionsParameters
---@param options? fnf.CallOptions
---@return fun(): fnf.FlowVersion|nil
function Client:versions(params, options) end

---@param params fnf.ListFlowAliasesParameters
---@param options? fnf.CallOptions
---@return fun(): fnf.Alias|nil
function Client:aliases(params, options) end

--- The MapRuns an execution has started so far, out of its event history.
---@param params fnf.GetExecutionHistoryParameters
---@param options? fnf.CallOptions
---@return fun(): fnf.MapRunFound|nil
function Client:map_runs(params, options) end

--- The child executions of a MapRun, with the causes of those that ended badly if `causes` says so.
---@param params fnf.MapRunChildrenParameters
---@param options? fnf.MapRunChildrenOptions
---@return fun(): fnf.MapRunChild|nil
function Client:map_run_children(params, options) end

--- Why items of a MapRun failed: counts by error, examples, the slowest. tostring() of it is a text of a screen.
---@param params fnf.DescribeMapRunParameters
---@param options? fnf.ExplainOptions
---@return fnf.MapRunReport|nil
---@return fnf.Error|nil err with `report`: what was found so far
function Client:explain_map_run(params, options) end

--- Start an execution of the same flow whose Input has only those items that failed.
---@param params fnf.RunAgainParameters
---@param options? fnf.RunAgainOptions
---@return fnf.RunAgain|nil
---@return fnf.Error|nil err with `fits` where there are too many items; `started` and `again` where starting broke off
function Client:run_again(params, options) end

--- Wait for the end of a MapRun.
---@param params fnf.DescribeMapRunParameters
---@param options? fnf.RunWaitOptions
---@return fnf.DescribeMapRunResult|nil run its final description
---@return fnf.Error|nil
function Client:wait_map_run(params, options) end

--- Wait for the end of many MapRuns at once.
---@param list fnf.DescribeMapRunParameters[]
---@param options? fnf.WaitsOptions
---@return (fnf.DescribeMapRunResult|false)[]|integer|function|nil runs by place in the list, false where it could not
---  be found out; with `any`, the place of the first to end; with `each`, an iterator over place, run and error
---@return table<integer, fnf.Error>|fnf.DescribeMapRunResult|nil failures by place; with `any`, the first run
---@return fnf.Error|nil with `any`, why the first wait to end failed
function Client:wait_map_runs(list, options) end

--- Go on with a wait for a MapRun that `wait:checkpoint()` was taken of, maybe in another process.
---@param checkpoint string
---@param options? fnf.RunWaitOptions
---@return fnf.DescribeMapRunResult|nil run its final description
---@return fnf.Error|nil kind "protocol" for a checkpoint that is damaged or of another host
function Client:resume(checkpoint, options) end

--- Wait for the end of an execution, by polls that the service holds open (WaitTimeSeconds, 30 unless given).
---@param params fnf.DescribeExecutionParameters
---@param options? fnf.WaitOptions
---@return fnf.DescribeExecutionResult|nil execution its final description
---@return fnf.Error|nil
function Client:wait_execution(params, options) end

--- Start an execution, find its MapRuns as they appear, and stay until all has ended.
---@param params fnf.RunParameters
---@param options? fnf.RunOptions
---@return fnf.DescribeExecutionResult|nil execution
---@return table[]|fnf.Error map_runs their last descriptions, each with StepName; or the error
function Client:run(params, options) end
