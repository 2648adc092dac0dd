--- CreateSchedule, UpdateSchedule, DeleteSchedule, DescribeSchedule, ListSchedules: stored, never run.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.emulator.errors"
local paging = require "fnf.emulator.paging"
local store = require "fnf.emulator.store"
local timestamp = require "fnf.emulator.timestamp"

local SETTINGS = { "CronExpression", "Description", "Enable", "Payload" }

local function shown(seconds)
  return timestamp.milliseconds(store.shown(seconds))
end

local function description(schedule)
  local answer = {
    ScheduleName = schedule.ScheduleName, ScheduleId = schedule.ScheduleId,
    CreatedTime = shown(schedule.created), LastModifiedTime = shown(schedule.modified),
  }
  for _, name in ipairs(SETTINGS) do
    answer[name] = schedule[name]
  end
  return answer
end

local function change(schedule, values)
  for _, name in ipairs(SETTINGS) do
    if values[name] ~= nil then
      schedule[name] = values[name]
    end
  end
  schedule.modified = store.simulated()
end

local function create(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then
    return nil, refusal
  end
  local name = values.ScheduleName
  if found.schedules[name] then
    return nil, errors.refuse("ScheduleAlreadyExists", name, found.Name)
  end
  -- Whether one is enabled by default is not documented.
  local schedule = {
    ScheduleName = name, ScheduleId = store.next_name(), Enable = false, created = store.simulated(),
  }
  change(schedule, values)
  found.schedules[name] = schedule
  return description(schedule)
end

local function find(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then
    return nil, refusal
  end
  local schedule = found.schedules[values.ScheduleName]
  if not schedule then
    return nil, errors.refuse("ScheduleNotExists", values.ScheduleName, found.Name)
  end
  return schedule, nil, found
end

local function update(values)
  local schedule, refusal = find(values)
  if not schedule then
    return nil, refusal
  end
  change(schedule, values)
  return description(schedule)
end

local function delete(values)
  local schedule, refusal, found = find(values)
  if not schedule then
    return nil, refusal
  end
  found.schedules[values.ScheduleName] = nil
  return {}
end

local function describe(values)
  local schedule, refusal = find(values)
  if not schedule then
    return nil, refusal
  end
  return description(schedule)
end

local function list(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then
    return nil, refusal
  end
  local schedules, token = paging.by_name(values, found.schedules, description)
  if not schedules then
    return nil, token
  end
  return { Schedules = schedules, NextToken = token }
end

local function settings()
  return { "Description" }, { "Enable", type = "boolean" }, { "Payload", type = "json" }
end

local function names()
  return { { "FlowName", required = true }, { "ScheduleName", required = true } }
end

return {
  CreateSchedule = {
    method = "POST", carry_out = create,
    parameters = {
      { "FlowName", required = true }, { "ScheduleName", type = "name", required = true },
      { "CronExpression", required = true }, settings(),
    },
  },
  UpdateSchedule = {
    method = "POST", carry_out = update,
    parameters = {
      { "FlowName", required = true }, { "ScheduleName", required = true }, { "CronExpression" }, settings(),
    },
  },
  DeleteSchedule = { method = "POST", former_method = "GET", carry_out = delete, parameters = names() },
  DescribeSchedule = { method = "GET", carry_out = describe, parameters = names() },
  ListSchedules = {
    method = "GET", list = "Schedules", carry_out = list,
    parameters = { { "FlowName", required = true }, paging.parameters(1000) },
  },
}
