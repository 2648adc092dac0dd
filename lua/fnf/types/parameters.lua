---@meta
-- What the operations take.
-- SPDX-License-Identifier: MIT

-- Written by spec/support/operation_types.lua; read by editors, required by nobody.

---@class fnf.CreateFlowParameters
---@field Definition string
---@field Description string
---@field Environment? table|string a table is written as JSON
---@field ExecutionMode? "Standard"|"Express"|""
---@field ExternalStorageLocation? string
---@field Name string 1 to 128 characters
---@field ResourceGroupId? string
---@field RoleArn? string
---@field Type "FDL"

---@class fnf.CreateFlowAliasParameters
---@field Description? string
---@field FlowName string
---@field Name string
---@field RoutingConfigurations table|string a table is written as JSON

---@class fnf.CreateScheduleParameters
---@field CronExpression string
---@field Description? string
---@field Enable? boolean
---@field FlowName string
---@field Payload? table|string a table is written as JSON
---@field ScheduleName string 1 to 128 characters

---@class fnf.DeleteFlowParameters
---@field Name string

---@class fnf.DeleteFlowAliasParameters
---@field FlowName string
---@field Name string

---@class fnf.DeleteFlowVersionParameters
---@field FlowName string
---@field FlowVersion string

---@class fnf.DeleteScheduleParameters
---@field FlowName string
---@field ScheduleName string

---@class fnf.DescribeExecutionParameters
---@field ExecutionName string
---@field FlowName string
---@field WaitTimeSeconds? integer 0 to 60

---@class fnf.DescribeFlowParameters
---@field FlowVersion? string
---@field Name string

---@class fnf.DescribeFlowAliasParameters
---@field FlowName string
---@field Name string

---@class fnf.DescribeMapRunParameters
---@field ExecutionName string
---@field FlowName string
---@field MapRunName string
---@field RequestId? string

---@class fnf.DescribeRegionsParameters
---@field AcceptLanguage? "zh-CN"|"en-US"

---@class fnf.DescribeScheduleParameters
---@field FlowName string
---@field ScheduleName string

---@class fnf.GetExecutionHistoryParameters
---@field ExecutionName string
---@field FlowName string
---@field Limit? integer 1 to 999
---@field NextToken? string

---@class fnf.ListExecutionsParameters
---@field ExecutionNamePrefix? string
---@field FlowName string
---@field Limit? integer 1 to 99
---@field MapRunName? string
---@field MetadataOnly? boolean
---@field NextToken? string
---@field Qualifier? string
---@field StartedTimeBegin? string
---@field StartedTimeEnd? string
---@field Status? "Starting"|"Running"|"Stopped"|"Succeeded"|"Failed"|"TimedOut"

---@class fnf.ListFlowAliasesParameters
---@field FlowName string
---@field Limit? integer 1 to any
---@field NextToken? string

---@class fnf.ListFlowVersionsParameters
---@field FlowName string
---@field Limit? integer 1 to any
---@field NextToken? string

---@class fnf.ListFlowsParameters
---@field Limit? integer 1 to 999
---@field NextToken? string
---@field ResourceGroupId? string

---@class fnf.ListSchedulesParameters
---@field FlowName string
---@field Limit? integer 1 to 1000
---@field NextToken? string

---@class fnf.PublishFlowVersionParameters
---@field Description? string
---@field FlowName string

---@class fnf.ReportTaskFailedParameters
---@field Cause? string 1 to 4096 characters
---@field Error string 1 to 128 characters
---@field TaskToken string

---@class fnf.ReportTaskSucceededParameters
---@field Output table|string a table is written as JSON
---@field TaskToken string

---@class fnf.StartExecutionParameters
---@field CallbackFnFTaskToken? string
---@field ExecutionName? string 1 to 128 characters
---@field FlowName string
---@field Input? table|string a table is written as JSON
---@field Qualifier? string

---@class fnf.StartSyncExecutionParameters
---@field ExecutionName? string 1 to 128 characters
---@field FlowName string
---@field Input? table|string a table is written as JSON
---@field Qualifier? string

---@class fnf.StopExecutionParameters
---@field Cause? string 1 to 4096 characters
---@field Error? string 1 to 128 characters
---@field ExecutionName string
---@field FlowName string

---@class fnf.UpdateFlowParameters
---@field Definition? string
---@field Description? string
---@field Environment? table|string a table is written as JSON
---@field Name string
---@field RoleArn? string
---@field Type? "FDL"

---@class fnf.UpdateFlowAliasParameters
---@field Description? string
---@field FlowName string
---@field Name string
---@field RoutingConfigurations? table|string a table is written as JSON

---@class fnf.UpdateMapRunParameters
---@field Concurrency? integer 0 to any
---@field ExecutionName string
---@field FlowName string
---@field MapRunName string
---@field RequestId? string
---@field ToleratedFailedCount? integer 0 to any
---@field ToleratedFailedPercentage? number 0 to 100

---@class fnf.UpdateScheduleParameters
---@field CronExpression? string
---@field Description? string
---@field Enable? boolean
---@field FlowName string
---@field Payload? table|string a table is written as JSON
---@field ScheduleName string
