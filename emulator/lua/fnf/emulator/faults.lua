--- Scripted faults: what was asked for, and which one meets the next request.
-- SPDX-License-Identifier: MIT

local fault_kinds = require("fnf.emulator.fault_kinds")

local faults = {}

local floor = math.floor

local function is(kind) return function(value) return type(value) == kind end end

local function whole(minimum)
  return function(value) return type(value) == "number" and value >= minimum and value == floor(value) end
end

local function seconds(value) return type(value) == "number" and value >= 0 and value <= 3600 end

local function texts(value)
  if type(value) ~= "table" then return false end
  for name, text in pairs(value) do
    if type(name) ~= "string" or type(text) ~= "string" then return false end
  end
  return true
end

local function status(value) return whole(200)(value) and value <= 599 end

local function row(valid, wanted) return { valid = valid, wanted = wanted } end

local fields = {
  kind = row(function(value) return fault_kinds[value] ~= nil end, "the name of a fault"),
  action = row(is("string"), "the name of an operation"),
  times = row(whole(1), "a whole number, 1 or more"),
  after = row(whole(0), "a whole number, 0 or more"),
  delay = row(seconds, "seconds, 0 to 3600"),
  seconds = row(is("number"), "seconds"),
  status = row(status, "a whole number from 200 to 599"),
  code = row(is("string"), "text"),
  message = row(is("string"), "text"),
  body = row(is("string"), "text"),
  location = row(is("string"), "text"),
  bytes = row(whole(1), "a whole number, 1 or more"),
  depth = row(whole(1), "a whole number, 1 or more"),
  chunked = row(is("boolean"), "true or false"),
  headers = row(texts, "names with texts"),
  retry_after_ms = row(whole(0), "milliseconds"),
  retry_after = row(whole(0), "whole seconds"),
  retry_at = row(seconds, "seconds from now"),
  rate_limit_user = row(whole(0), "milliseconds"),
  rate_limit_api = row(whole(0), "milliseconds"),
}

---@return table
function faults.new() return {} end

--- Puts a fault behind the ones that wait already.
---@param self table
---@param fault table see emulator/README.md
---@return true? done
---@return string? message what is wrong with it
function faults.add(self, fault)
  local copy = { kind = "status", times = 1, after = 0 }
  for name, value in pairs(fault) do
    local field = fields[name]
    if not field then return nil, ("unknown field '%s'"):format(tostring(name)) end
    if not field.valid(value) then return nil, ("%s must be %s"):format(name, field.wanted) end
    copy[name] = value
  end
  for _, name in ipairs(fault_kinds[copy.kind].needs or {}) do
    if copy[name] == nil then return nil, ("a fault of kind '%s' needs %s"):format(copy.kind, name) end
  end
  self[#self + 1] = copy
  return true
end

--- The fault that this request meets: the first one for its action, once as many requests as `after` says have passed.
---@param self table
---@param action? string
---@return table? fault
function faults.take(self, action)
  for index, fault in ipairs(self) do
    if not fault.action or fault.action == action then
      if fault.after > 0 then
        fault.after = fault.after - 1
        return nil
      end
      fault.times = fault.times - 1
      if fault.times == 0 then table.remove(self, index) end
      return fault
    end
  end
  return nil
end

return faults
