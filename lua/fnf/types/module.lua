---@meta
-- The functions of the module, as methods of a client made of the environment.
-- SPDX-License-Identifier: MIT

-- Written by spec/support/operation_types.lua; read by editors, required by nobody.

---@class fnf.Module
---@field create_flow fun(params: fnf.CreateFlowParameters, options?: fnf.CallOptions): fnf.CreateFlowResult|nil, fnf.Error|nil
---@field create_flow_alias fun(params: fnf.CreateFlowAliasParameters, options?: fnf.CallOptions): fnf.CreateFlowAliasResult|nil, fnf.Error|nil
---@field create_schedule fun(params: fnf.CreateScheduleParameters, options?: fnf.CallOptions): fnf.CreateScheduleResult|nil, fnf.Error|nil
---@field delete_flow fun(params: fnf.DeleteFlowParameters, options?: fnf.CallOptions): fnf.Done|nil, fnf.Error|nil
---@field delete_flow_alias fun(params: fnf.DeleteFlowAliasParameters, options?: fnf.CallOptions): fnf.Done|nil, fnf.Error|nil
---@field delete_flow_version fun(params: fnf.DeleteFlowVersionParameters, options?: fnf.CallOptions): fnf.Done|nil, fnf.Error|nil
---@field delete_schedule fun(params: fnf.DeleteScheduleParameters, options?: fnf.CallOptions): fnf.Done|nil, fnf.Error|nil
---@field describe_execution fun(params: fnf.DescribeExecutionParameters, options?: fnf.CallOptions): fnf.DescribeExecutionResult|nil, fnf.Error|nil
---@field describe_flow fun(params: fnf.DescribeFlowParameters, options?: fnf.CallOptions): fnf.DescribeFlowResult|nil, fnf.Error|nil
---@field describe_flow_alias fun(params: fnf.DescribeFlowAliasParameters, options?: fnf.CallOptions): fnf.DescribeFlowAliasResult|nil, fnf.Error|nil
---@field describe_map_run fun(params: fnf.DescribeMapRunParameters, options?: fnf.CallOptions): fnf.DescribeMapRunResult|nil, fnf.Error|nil
---@field describe_regions fun(params: fnf.DescribeRegionsParameters, options?: fnf.CallOptions): fnf.DescribeRegionsResult|nil, fnf.Error|nil
---@field describe_schedule fun(params: fnf.DescribeScheduleParameters, options?: fnf.CallOptions): fnf.DescribeScheduleResult|nil, fnf.Error|nil
---@field get_execution_history fun(params: fnf.GetExecutionHistoryParameters, options?: fnf.CallOptions): fnf.GetExecutionHistoryResult|nil, fnf.Error|nil
---@field list_executions fun(params: fnf.ListExecutionsParameters, options?: fnf.CallOptions): fnf.ListExecutionsResult|nil, fnf.Error|nil
---@field list_flow_aliases fun(params: fnf.ListFlowAliasesParameters, options?: fnf.CallOptions): fnf.ListFlowAliasesResult|nil, fnf.Error|nil
---@field list_flow_versions fun(params: fnf.ListFlowVersionsParameters, options?: fnf.CallOptions): fnf.ListFlowVersionsResult|nil, fnf.Error|nil
---@field list_flows fun(params: fnf.ListFlowsParameters, options?: fnf.CallOptions): fnf.ListFlowsResult|nil, fnf.Error|nil
---@field list_schedules fun(params: fnf.ListSchedulesParameters, options?: fnf.CallOptions): fnf.ListSchedulesResult|nil, fnf.Error|nil
---@field publish_flow_version fun(params: fnf.PublishFlowVersionParameters, options?: fnf.CallOptions): fnf.PublishFlowVersionResult|nil, fnf.Error|nil
---@field report_task_failed fun(params: fnf.ReportTaskFailedParameters, options?: fnf.CallOptions): fnf.ReportTaskFailedResult|nil, fnf.Error|nil
---@field report_task_succeeded fun(params: fnf.ReportTaskSucceededParameters, options?: fnf.CallOptions): fnf.ReportTaskSucceededResult|nil, fnf.Error|nil
---@field start_execution fun(params: fnf.StartExecutionParameters, options?: fnf.CallOptions): fnf.StartExecutionResult|nil, fnf.Error|nil
---@field start_sync_execution fun(params: fnf.StartSyncExecutionParameters, options?: fnf.CallOptions): fnf.StartSyncExecutionResult|nil, fnf.Error|nil
---@field stop_execution fun(params: fnf.StopExecutionParameters, options?: fnf.CallOptions): fnf.StopExecutionResult|nil, fnf.Error|nil
---@field update_flow fun(params: fnf.UpdateFlowParameters, options?: fnf.CallOptions): fnf.UpdateFlowResult|nil, fnf.Error|nil
---@field update_flow_alias fun(params: fnf.UpdateFlowAliasParameters, options?: fnf.CallOptions): fnf.UpdateFlowAliasResult|nil, fnf.Error|nil
---@field update_map_run fun(params: fnf.UpdateMapRunParameters, options?: fnf.CallOptions): fnf.UpdateMapRunResult|nil, fnf.Error|nil
---@field update_schedule fun(params: fnf.UpdateScheduleParameters, options?: fnf.CallOptions): fnf.UpdateScheduleResult|nil, fnf.Error|nil
local Module = {}

---@param params fnf.ListFlowAliasesParameters
---@param options? fnf.CallOptions
---@return fun(): fnf.Alias|nil
function Module.aliases(params, options) end

--- Any operation by the service's name, its parameters unchecked: for what is newer than the rows.
---@param action string
---@param params? table<string, string|number|boolean|table>
---@param options? fnf.UnlistedOptions
---@return table|nil
---@return fnf.Error|nil
function Module.call(action, params, options) end

---@param params fnf.GetExecutionHistoryParameters
---@param options? fnf.CallOptions
---@return fun(): fnf.Event|nil
function Module.events(params, options) end

---@param params fnf.ListExecutionsParameters
---@param options? fnf.CallOptions
---@return fun(): fnf.Execution|nil
function Module.executions(params, options) end

--- Why items of a MapRun failed: counts by error, examples, the slowest. tostring() of it is a text of a screen.
---@param params fnf.DescribeMapRunParameters
---@param options? fnf.ExplainOptions
---@return fnf.MapRunReport|nil
---@return fnf.Error|nil err with `report`: what was found so far
function Module.explain_map_run(params, options) end

--- The entries of all pages. This iterator and the next ones raise the error object.
---@param params? fnf.ListFlowsParameters
---@param options? fnf.CallOptions of every single request
---@return fun(): fnf.Flow|nil
function Module.flows(params, options) end

--- The child executions of a MapRun, with the causes of those that ended badly if `causes` says so.
---@param params fnf.MapRunChildrenParameters
---@param options? fnf.MapRunChildrenOptions
---@return fun(): fnf.MapRunChild|nil
function Module.map_run_children(params, options) end

--- The MapRuns an execution has started so far, out of its event history.
---@param params fnf.GetExecutionHistoryParameters
---@param options? fnf.CallOptions
---@return fun(): fnf.MapRunFound|nil
function Module.map_runs(params, options) end

--- The pages of a list: a function that returns one at each call, nil after the last, or nil and an error.
---@param action string such as "ListFlows"
---@param params? table
---@param options? fnf.CallOptions of every single request
---@return fun(): table|nil, fnf.Error|nil
function Module.pages(action, params, options) end

--- Go on with a wait for a MapRun that `wait:checkpoint()` was taken of, maybe in another process.
---@param checkpoint string
---@param options? fnf.RunWaitOptions
---@return fnf.DescribeMapRunResult|nil run its final description
---@return fnf.Error|nil kind "protocol" for a checkpoint that is damaged or of another host
function Module.resume(checkpoint, options) end

--- Start an execution, find its MapRuns as they appear, and stay until all has ended.
---@param params fnf.RunParameters
---@param options? fnf.RunOptions
---@return fnf.DescribeExecutionResult|nil execution
---@return table[]|fnf.Error map_runs their last descriptions, each with StepName; or the error
function Module.run(params, options) end

--- Start an execution of the same flow whose Input has only those items that failed.
---@param params fnf.RunAgainParameters
---@param options? fnf.RunAgainOptions
---@return fnf.RunAgain|nil
---@return fnf.Error|nil err with `fits` where there are too many items; `started` and `again` where starting broke off
function Module.run_again(params, options) end

---@param params fnf.ListSchedulesParameters
---@param options? fnf.CallOptions
---@return fun(): fnf.Schedule|nil
function Module.schedules(params, options) end

---@param params fnf.ListFlowVersionsParameters
---@param options? fnf.CallOptions
---@return fun(): fnf.FlowVersion|nil
function Module.versions(params, options) end

--- Wait for the end of an execution, by polls that the service holds open (WaitTimeSeconds, 30 unless given).
---@param params fnf.DescribeExecutionParameters
---@param options? fnf.WaitOptions
---@return fnf.DescribeExecutionResult|nil execution its final description
---@return fnf.Error|nil
function Module.wait_execution(params, options) end

--- Wait for the end of a MapRun.
---@param params fnf.DescribeMapRunParameters
---@param options? fnf.RunWaitOptions
---@return fnf.DescribeMapRunResult|nil run its final description
---@return fnf.Error|nil
function Module.wait_map_run(params, options) end

--- Wait for the end of many MapRuns at once.
---@param list fnf.DescribeMapRunParameters[]
---@param options? fnf.WaitsOptions
---@return (fnf.DescribeMapRunResult|false)[]|integer|function|nil runs by place in the list, false where it could not
---  be found out; with `any`, the place of the first to end; with `each`, an iterator over place, run and error
---@return table<integer, fnf.Error>|fnf.DescribeMapRunResult|nil failures by place; with `any`, the first run
---@return fnf.Error|nil with `any`, why the first wait to end failed
function Module.wait_map_runs(list, options) end
