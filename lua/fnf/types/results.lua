---@meta
-- What the operations answer; any field may be absent.
-- SPDX-License-Identifier: MIT

-- Written by spec/support/operation_types.lua; read by editors, required by nobody.

---@class fnf.Done
---@field RequestId? string

---@class fnf.Variable
---@field Description? string
---@field Name? string
---@field Value? string

---@class fnf.Environment
---@field Variables? fnf.Variable[]

---@class fnf.CreateFlowResult
---@field CreatedTime? string
---@field Definition? string
---@field Description? string
---@field Environment? fnf.Environment
---@field ExecutionMode? "Standard"|"Express"|""
---@field Id? string
---@field LastModifiedTime? string
---@field Name? string
---@field RequestId? string
---@field ResourceGroupId? string
---@field RoleArn? string
---@field Type? "FDL"

---@class fnf.UpdateFlowResult
---@field CreatedTime? string
---@field Definition? string
---@field Description? string
---@field Environment? fnf.Environment
---@field ExternalStorageLocation? string
---@field Id? string
---@field LastModifiedTime? string
---@field Name? string
---@field RequestId? string
---@field ResourceGroupId? string
---@field RoleArn? string
---@field Type? string

---@class fnf.DescribeFlowResult
---@field CreatedTime? string
---@field Definition? string
---@field Description? string
---@field Environment? fnf.Environment
---@field ExecutionMode? "Standard"|"Express"|""
---@field Id? string
---@field LastModifiedTime? string
---@field Name? string
---@field RequestId? string
---@field ResourceGroupId? string
---@field RoleArn? string
---@field Type? string

---@class fnf.Flow
---@field CreatedTime? string
---@field Definition? string
---@field Description? string
---@field Environment? fnf.Environment
---@field ExecutionMode? string
---@field Id? string
---@field LastModifiedTime? string
---@field Name? string
---@field ResourceGroupId? string
---@field RoleArn? string
---@field Type? string

---@class fnf.ListFlowsResult
---@field Flows? fnf.Flow[]
---@field NextToken? string
---@field RequestId? string

---@class fnf.PublishFlowVersionResult
---@field CreatedTime? string
---@field Description? string
---@field FlowName? string
---@field RequestId? string
---@field Version? string

---@class fnf.FlowVersion
---@field CreatedTime? string
---@field Description? string
---@field Version? string

---@class fnf.ListFlowVersionsResult
---@field FlowVersions? fnf.FlowVersion[]
---@field NextToken? string
---@field RequestId? string

---@class fnf.RoutingConfiguration
---@field Version? string
---@field Weight? integer

---@class fnf.CreateFlowAliasResult
---@field CreatedTime? string
---@field Description? string
---@field FlowName? string
---@field Name? string
---@field RequestId? string
---@field RoutingConfigurations? fnf.RoutingConfiguration[]

---@class fnf.Alias
---@field CreatedTime? string
---@field Description? string
---@field Name? string
---@field RoutingConfigurations? fnf.RoutingConfiguration[]

---@class fnf.UpdateFlowAliasResult
---@field Alias? fnf.Alias
---@field RequestId? string

---@class fnf.DescribeFlowAliasResult
---@field Alias? fnf.Alias
---@field RequestId? string

---@class fnf.ListFlowAliasesResult
---@field Aliases? fnf.Alias[]
---@field NextToken? string
---@field RequestId? string

---@class fnf.StartExecutionResult
---@field FlowDefinition? string
---@field FlowName? string
---@field Input? string
---@field Name? string
---@field Output? string
---@field RequestId? string
---@field StartedTime? string
---@field Status? "Starting"|"Running"|"Stopped"|"Succeeded"|"Failed"|"TimedOut"
---@field StoppedTime? string

---@class fnf.StartSyncExecutionResult
---@field Environment? fnf.Environment
---@field ErrorCode? string
---@field ErrorMessage? string
---@field FlowName? string
---@field Name? string
---@field Output? string
---@field RequestId? string
---@field StartedTime? string
---@field Status? "Starting"|"Running"|"Stopped"|"Succeeded"|"Failed"|"TimedOut"
---@field StoppedTime? string

---@class fnf.StopExecutionResult
---@field FlowDefinition? string
---@field FlowName? string
---@field Input? string
---@field Name? string
---@field Output? string
---@field RequestId? string
---@field RoleArn? string
---@field StartedTime? string
---@field Status? "Starting"|"Running"|"Stopped"|"Succeeded"|"Failed"|"TimedOut"
---@field StoppedTime? string

---@class fnf.DescribeExecutionResult
---@field Environment? fnf.Environment
---@field FlowDefinition? string
---@field FlowName? string
---@field Input? string
---@field Name? string
---@field Output? string
---@field RequestId? string
---@field StartedTime? string
---@field Status? "Starting"|"Running"|"Stopped"|"Succeeded"|"Failed"|"TimedOut"
---@field StoppedTime? string

---@class fnf.Execution
---@field Environment? fnf.Environment
---@field FlowDefinition? string
---@field FlowName? string
---@field Input? string
---@field Name? string
---@field Output? string
---@field StartedTime? string
---@field Status? "Starting"|"Running"|"Stopped"|"Succeeded"|"Failed"|"TimedOut"
---@field StoppedTime? string

---@class fnf.ListExecutionsResult
---@field Executions? fnf.Execution[]
---@field NextToken? string
---@field RequestId? string

---@class fnf.Event
---@field EventDetail? string
---@field EventId? integer
---@field ScheduleEventId? integer
---@field StepName? string
---@field Time? string
---@field Type? string

---@class fnf.GetExecutionHistoryResult
---@field Events? fnf.Event[]
---@field NextToken? string
---@field RequestId? string

---@class fnf.ItemCounts
---@field Aborted? integer
---@field Failed? integer
---@field Pending? integer
---@field Running? integer
---@field Succeed? integer
---@field Total? integer

---@class fnf.DescribeMapRunResult
---@field Concurrency? integer
---@field ExecutionName? string
---@field ItemCounts? fnf.ItemCounts
---@field MapRunName? string
---@field RequestId? string
---@field StartedTime? string
---@field Status? "Pending"|"Running"|"Failed"|"Succeeded"|"Aborted"
---@field StoppedTime? string
---@field ToleratedFailedCount? integer
---@field ToleratedFailedPercentage? number

---@class fnf.UpdateMapRunResult
---@field Concurrency? integer
---@field ExecutionName? string
---@field FlowName? string
---@field MapRunName? string
---@field RequestId? string
---@field ToleratedFailedCount? integer
---@field ToleratedFailedPercentage? number

---@class fnf.ReportTaskSucceededResult
---@field EventId? integer
---@field RequestId? string

---@class fnf.ReportTaskFailedResult
---@field EventId? integer
---@field RequestId? string

---@class fnf.CreateScheduleResult
---@field CreatedTime? string
---@field CronExpression? string
---@field Description? string
---@field Enable? boolean
---@field LastModifiedTime? string
---@field Payload? string
---@field RequestId? string
---@field ScheduleId? string
---@field ScheduleName? string

---@class fnf.UpdateScheduleResult
---@field CreatedTime? string
---@field CronExpression? string
---@field Description? string
---@field Enable? boolean
---@field LastModifiedTime? string
---@field Payload? string
---@field RequestId? string
---@field ScheduleId? string
---@field ScheduleName? string

---@class fnf.DescribeScheduleResult
---@field CreatedTime? string
---@field CronExpression? string
---@field Description? string
---@field Enable? boolean
---@field LastModifiedTime? string
---@field Payload? string
---@field RequestId? string
---@field ScheduleId? string
---@field ScheduleName? string

---@class fnf.Schedule
---@field CreatedTime? string
---@field CronExpression? string
---@field Description? string
---@field Enable? boolean
---@field LastModifiedTime? string
---@field Payload? string
---@field ScheduleId? string
---@field ScheduleName? string

---@class fnf.ListSchedulesResult
---@field NextToken? string
---@field RequestId? string
---@field Schedules? fnf.Schedule[]

---@class fnf.Region
---@field LocalName? string
---@field RegionEndpoint? string
---@field RegionId? string

---@class fnf.Regions
---@field Region? fnf.Region[]

---@class fnf.DescribeRegionsResult
---@field Regions? fnf.Regions
---@field RequestId? string
