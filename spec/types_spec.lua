--- The annotations for editors, counted against all that is public: nothing a user may write is unknown to them.
-- SPDX-License-Identifier: MIT

local documents = require "spec.support.documents"
local fnf = require "fnf"
local methods = require "fnf.methods"
local testing = require "fnf.testing"

local read = documents.read

local function files()
  local pipe = io.popen "find lua/fnf lua/fnf.lua -name '*.lua' | sort"
  local list = {}
  for path in pipe:lines() do
    list[#list + 1] = path
  end
  pipe:close()
  return list
end

--- Class -> { fields =, parents = }, of all files together; functions by their full name: the comment before them.
local classes, functions = {}, {}

local function read_line(state, line)
  local name, parents = line:match "^%-%-%-@class ([%w_.]+):?([^#]*)"
  if name then
    state.class = classes[name] or { fields = {}, parents = {} }
    classes[name] = state.class
    for parent in parents:gmatch "fnf%.[%w_.]+" do
      table.insert(state.class.parents, parent)
    end
  end
  local field = line:match "^%-%-%-@field (.*)$"
  field = field and field:gsub("^package ", ""):gsub("^private ", ""):match "^([%w_]+)"
  if field and state.class then
    state.class.fields[field] = line
  end
  local variable = line:match "^local ([%w_]+) = "
  if variable and state.class and state.comment[1] then
    state.names[variable] = state.class -- the class whose methods follow
  end
  local given, name_of = line:match "^([%w_]+)%.([%w_]+) = "
  if given and state.names[given] and state.comment[1] then
    state.names[given].fields[name_of] = line
  end
  local owner, method, taken = line:match "^function ([%w_]+)[.:]([%w_]+)(%b())"
  if owner then
    local class = state.names[owner]
    functions[state.path .. " " .. owner .. "." .. method] = { comment = table.concat(state.comment, "\n"),
      taken = taken }
    if class then
      class.fields[method] = table.concat(state.comment, "\n")
    end
  end
  if line:find "^%-%-%-" then
    table.insert(state.comment, line)
  else
    state.comment = {}
    state.class = line == "" and nil or state.class
  end
end

for _, path in ipairs(files()) do
  local state = { comment = {}, names = {}, path = path }
  for line in read(path):gmatch "([^\n]*)\n" do
    read_line(state, line)
  end
end

--- Whether a class, or one it inherits from, has a field.
local function has(name, field)
  local class = classes[name]
  if not class then
    return false
  end
  for _, parent in ipairs(class.parents) do
    if has(parent, field) then
      return true
    end
  end
  return class.fields[field] ~= nil
end

local counted, missing = 0, {}

local function expect(name, field)
  counted = counted + 1
  if not has(name, field) then
    missing[#missing + 1] = name .. "." .. field
  end
end

--- Every function that a file gives has a comment with each of its arguments.
local function expect_functions(path, owner)
  for full, row in pairs(functions) do
    if full:find(path .. " " .. owner .. ".", 1, true) == 1 then
      counted = counted + 1
      for argument in row.taken:gmatch "[%w_]+" do
        if not row.comment:find("@param " .. argument .. "%f[^%w_]") and argument ~= "_" then
          missing[#missing + 1] = full .. ": " .. argument
        end
      end
      if row.comment == "" then
        missing[#missing + 1] = full
      end
    end
  end
end

--- By method, the classes of what it takes besides the operations' own, whose rows `make rows` writes.
local OPTIONS = { wait_map_run = "fnf.RunWaitOptions", resume = "fnf.RunWaitOptions",
  wait_map_runs = "fnf.WaitsOptions", wait_execution = "fnf.WaitOptions",
  run = "fnf.RunOptions", call = "fnf.UnlistedOptions",
  map_run_children = "fnf.MapRunChildrenOptions", explain_map_run = "fnf.ExplainOptions",
  run_again = "fnf.RunAgainOptions" }
local PARAMETERS = { run = "fnf.RunParameters", map_run_children = "fnf.MapRunChildrenParameters",
  run_again = "fnf.RunAgainParameters" }

describe("15.4: the annotations for editors", function()
  it("know every function of the module and of a client", function()
    for name, value in pairs(fnf) do
      expect("fnf.Module", name)
      assert.is_not_nil(value)
    end
    for name in pairs(methods.rows) do
      expect("fnf.Client", name)
    end
    for _, name in ipairs { "listen", "close" } do
      expect("fnf.Client", name)
    end
  end)

  it("know every option of fnf.new, of a call, of a wait, of a watch and of the page", function()
    for option in pairs(require("fnf.settings").options) do
      expect("fnf.Options", option)
    end
    for name, method in pairs(methods.rows) do
      for option in pairs(method.options) do
        expect(OPTIONS[name] or "fnf.CallOptions", option)
      end
      for parameter in pairs(PARAMETERS[name] and method.parameters or {}) do
        expect(PARAMETERS[name], parameter)
      end
    end
    for class, path in pairs { ["fnf.WatchOptions"] = "lua/fnf/ngx/watch.lua",
      ["fnf.StatusOptions"] = "lua/fnf/ngx/status.lua" } do -- which load in nginx alone
      local rows = read(path):match "\n%l+%.options = (%b{})"
      for option in rows:gmatch "\n  ([%w_]+) = " do
        expect(class, option)
      end
    end
  end)

  it("know every field of an error that docs/errors.md tells of, and of what a wait tells", function()
    for field in read "docs/errors.md":gmatch "`err%.([%w_]+)`" do
      expect("fnf.Error", field)
    end
    for _, field in ipairs { "polls", "failures", "statuses", "errors" } do
      expect("fnf.Observed", field)
    end
    local progress = fnf.progress.new()
    progress:see({ Status = "Running", ItemCounts = { Total = 100, Succeed = 50, Running = 10, Pending = 40 } }, 100,
      50)
    for field in pairs(progress:report()) do
      expect("fnf.Report", field)
    end
    for _, name in ipairs { "report", "see", "next_poll" } do
      expect("fnf.Progress", name)
    end
    expect("fnf.Wait", "checkpoint")
  end)

  it("know where a key comes from, fnf.testing, a watch and the page", function()
    for name in pairs(fnf.credentials) do
      expect("fnf.CredentialsModule", name)
    end
    for name in pairs(testing) do
      expect("fnf.TestingModule", name)
    end
    local _, fake = testing.client {}
    for name in pairs(getmetatable(fake).__index) do
      if not name:find "^__" then
        expect("fnf.Fake", name)
      end
    end
    for _, name in ipairs { "get", "wait" } do
      expect("fnf.Watch", name)
    end
    for _, name in ipairs { "watch", "status" } do
      expect("fnf.ngx", name)
    end
  end)

  it("say of each public function what it takes", function()
    expect_functions("lua/fnf.lua", "fnf")
    expect_functions("lua/fnf/credentials.lua", "credentials")
    expect_functions("lua/fnf/testing.lua", "testing")
    expect_functions("lua/fnf/testing.lua", "Fake")
    expect_functions("lua/fnf/ngx/watch.lua", "Watch")
    expect_functions("lua/fnf/wait/progress.lua", "progress")
    expect_functions("lua/fnf/types/client.lua", "Client")
    expect_functions("lua/fnf/types/module.lua", "Module")
  end)

  it("lack nothing, of a great many", function()
    table.sort(missing)
    assert.equal("", table.concat(missing, "\n"))
    assert.is_true(counted > 400, counted)
  end)

  it("have the classes that docs/editors.md names", function()
    for name in read "docs/editors.md":gmatch "`(fnf%.%u%w+)`" do
      assert.truthy(classes[name] or name == "fnf.EventName", name)
    end
  end)

  it("name no class that is nowhere", function()
    local known = {}
    local texts = {}
    for i, path in ipairs(files()) do
      texts[i] = read(path)
      for name in texts[i]:gmatch "%-%-%-@%l+ (fnf%.[%w_.]+)" do -- class or alias
        known[name] = true
      end
    end
    local nowhere = {}
    for _, text in ipairs(texts) do
      for line in text:gmatch "%-%-%-@[^\n]*" do
        local kind, rest = line:match "^%-%-%-@(%l+) ?(.*)$"
        rest = kind == "class" and rest:match ":(.*)$" or kind == "alias" and rest:match "^%S+ (.*)$" or rest
        for name in (kind == "param" or kind == "return" or kind == "field" or kind == "type" or kind == "class")
          and rest:gmatch "%f[%w_.]fnf%.%u[%w_]+" or function() end do
          nowhere[#nowhere + 1] = not known[name] and name or nil
        end
      end
    end
    assert.same({}, nowhere)
  end)
end)
