--- The rules of the house that a machine can check: who may require whom, what a file is, what the rock holds.
-- SPDX-License-Identifier: MIT

local file = require "pl.file"

local function lines_of(command)
  local pipe = assert(io.popen(command))
  local lines = {}
  for line in pipe:lines() do
    lines[#lines + 1] = line
  end
  pipe:close()
  return lines
end

local TYPES = "^lua/fnf/types[./]" -- annotations only; nobody requires them
local SOURCES = lines_of("find lua emulator csrc spec examples bin bench -type f "
  .. "\\( -name '*.lua' -o -name '*.c' -o -name '*.h' -o -path 'bin/*' -o -path 'emulator/bin/*' \\) "
  .. "-not -path '*/node_modules/*' 2>/dev/null | sort")

--- Modules of the library by name: their paths. The emulator is an application of its own.
local MODULES, FILES = {}, {}
for _, path in ipairs(lines_of("find lua emulator/lua -name '*.lua' | sort")) do
  local name = path:gsub("^emulator/", ""):gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/", ".")
  FILES[name] = path
  MODULES[name] = not path:find(TYPES) and path or nil
end

local function is_emulator(name)
  return name:find("^fnf%.emulator") ~= nil
end

--- The command `fnf` is another rock; nothing else requires it.
local function is_command(name)
  return name == "fnf.cli" or name:find("^fnf%.cli%.") ~= nil
end

--- What a module requires, ours and others.
local function requires(name)
  local found = {}
  local code = file.read(MODULES[name]):gsub("%-%-[^\n]*", "")
  for required in code:gmatch("require%s*%(?%s*[\"']([^\"']+)[\"']") do
    if not required:find("%.$") then -- half a name, completed at run time
      found[#found + 1] = required
    end
  end
  return found
end

describe("a source file", function()
  for _, path in ipairs(SOURCES) do
    it("is one subject, says what it is for, and names its licence: " .. path, function()
      local text = file.read(path)
      local _, count = text:gsub("\n", "")
      local head = text:sub(1, 600)
      -- A spec is as long as its subject.
      assert.is_true(count <= 400 or path:find("spec/") ~= nil or head:find("[Oo]ne subject") ~= nil, count .. " lines")
      assert.is_truthy(head:find("SPDX-License-Identifier: MIT", 1, true))
      assert.is_nil(text:find("[ \t]\n"), "a blank at the end of a line")
      assert.is_nil(text:find("\r", 1, true), "a carriage return")
    end)
  end

  it("is found by this spec at all", function()
    assert.is_true(#SOURCES > 60)
  end)
end)

describe("a line", function()
  for _, path in ipairs(lines_of "find Makefile spec .ci -name '*.mk' -o -name Makefile -o -path '.ci/*' -type f") do
    it("has 120 columns at most, as luacheck and clang-format have it of theirs: " .. path, function()
      local number = 0
      for line in file.read(path):gmatch "([^\n]*)\n" do
        number = number + 1
        assert.is_true(#line <= 120, ("line %d has %d"):format(number, #line))
      end
      assert.is_true(number > 0)
    end)
  end
end)

--- What only computes: it asks no clock, file or network, and no C module is needed to load it.
local PURE = { "fnf.errors", "fnf.ascii", "fnf.time", "fnf.check", "fnf.nearest", "fnf.number", "fnf.endpoint",
  "fnf.operations",
  "fnf.call.response", "fnf.call.retry", "fnf.call.rate_limiter", "fnf.share.script", "fnf.share.connection",
  "fnf.share.permits", "fnf.share.answers", "fnf.share.machines", "fnf.wait.heap", "fnf.wait.progress",
  "fnf.wait.tolerance", "fnf.wait.parent_execution", "fnf.wait.wait", "fnf.wait.group", "fnf.wait.checkpoint",
  "fnf.wait.source", "fnf.wait.sweep", "fnf.wait.history", "fnf.wait.others", "fnf.wait.poll_queue",
  "fnf.execution.map_runs", "fnf.call.pages", "fnf.call.unlisted",
  "fnf.execution.event_detail", "fnf.execution.cause", "fnf.execution.sample", "fnf.execution.items",
  "fnf.execution.map_state", "fnf.execution.report" }

describe("the dependencies of Lua", function()
  local pure = { ["fnf.json"] = true } -- which loads its C modules with the first text it reads
  for _, name in ipairs(PURE) do
    pure[name] = true
  end

  for _, name in ipairs(PURE) do
    it("stay among the pure: " .. name, function()
      for _, required in ipairs(requires(name)) do
        assert.is_true(pure[required] or false, required)
      end
      local code = file.read(MODULES[name]):gsub("%-%-[^\n]*", "")
      for _, impure in ipairs { "io%.", "os%.getenv", "os%.time", "os%.clock", "math%.random", "coroutine%." } do
        assert.is_nil(code:find("[^%w_.]" .. impure), impure)
      end
    end)
  end

  it("are as CONTRIBUTING.md shows them: `make rows` writes that anew", function()
    local module_map = require "spec.support.module_map"
    local _, shown = module_map.replace(file.read "CONTRIBUTING.md")
    assert.equal(module_map.text(), shown)
  end)

  it("lead to the errors, and from there to nothing", function()
    assert.same({}, requires "fnf.errors")
  end)

  --- Who may reach for what is not pure. A platform, and what prepares one, is the only seam.
  local SEAMS = {
    { "fnf.core", { "fnf.call.request", "fnf.json", "fnf.methods", "fnf.native", "fnf.platform", "fnf.ngx",
      "fnf.credentials.sign_in" } },
    { "fnf.curl", { "fnf.platform" } },
    { "fnf.redis", { "fnf.platform" } },
    { "fnf.platform.plain", { "fnf", "fnf.platform", "fnf.cli" } },
    { "fnf", { "fnf.cli", "fnf.ngx" } },
    { "cjson", { "fnf.json" } },
    { "argparse", { "fnf.cli" } },
    { "fnf.cli.command", { "fnf.cli" } },
  }
  for _, row in ipairs(SEAMS) do
    it("reach " .. row[1] .. " only through " .. table.concat(row[2], ", "), function()
      for name in pairs(MODULES) do
        for _, required in ipairs(is_emulator(name) and {} or requires(name)) do
          local allowed = required ~= row[1]
          for _, who in ipairs(row[2]) do
            allowed = allowed or name == who or (who ~= "fnf" and name:find(who .. ".", 1, true) == 1)
          end
          assert.is_true(allowed, name .. " requires " .. required)
        end
      end
    end)
  end

  it("lead from the emulator nowhere but to itself, and where it is told what to do, to the transport", function()
    for name in pairs(MODULES) do
      for _, required in ipairs(is_emulator(name) and requires(name) or {}) do
        assert.is_true(is_emulator(required) or not required:find "^fnf%.?"
          or (name == "fnf.emulator" and required == "fnf.curl"), name .. " requires " .. required)
      end
    end
  end)

  it("go nowhere but to modules there are", function()
    for name in pairs(MODULES) do
      for _, required in ipairs(requires(name)) do
        assert.is_truthy(MODULES[required] or not required:find("^fnf") or required == "fnf.core"
          or required == "fnf.redis" or required == "fnf.curl", name .. " requires " .. required)
      end
    end
  end)

  it("of the library never lead to its command line", function()
    for name in pairs(MODULES) do
      for _, required in ipairs(is_command(name) and {} or requires(name)) do
        assert.is_false(is_command(required), name .. " requires " .. required)
      end
    end
  end)

  it("never lead in a circle", function()
    local state = {}
    local function visit(name, path)
      assert.is_true(state[name] ~= "open", path .. " -> " .. name)
      if MODULES[name] and not state[name] then
        state[name] = "open"
        for _, required in ipairs(requires(name)) do
          visit(required, path .. " -> " .. name)
        end
        state[name] = "done"
      end
    end
    for name in pairs(MODULES) do
      visit(name, "")
    end
    assert.equal("done", state["fnf.client"])
  end)

  it("name ngx only where nginx is", function()
    for name, path in pairs(MODULES) do
      if not is_emulator(name) and not name:find("^fnf%.ngx") and not name:find("^fnf%.platform%.nginx") then
        local code = file.read(path):gsub("%-%-[^\n]*", ""):gsub('"[^"\n]*"', '""')
        assert.is_nil(code:find("%f[%w_]ngx%f[^%w_]"), path)
      end
    end
  end)
end)

describe("requiring a module", function()
  local function load_in_fresh_lua(code, cpath)
    local path = os.tmpname()
    assert(file.write(path, code))
    local interpreter = arg[-1] or "lua"
    for i = -1, -20, -1 do
      interpreter = arg[i] or interpreter
    end
    local printed = lines_of(("LUA_PATH='%s' LUA_CPATH='%s' %s %s 2>&1"):format(package.path, cpath or package.cpath,
      interpreter, path))
    os.remove(path)
    return table.concat(printed, "\n")
  end

  for _, name in ipairs(PURE) do
    it("of the pure ones needs no C module: " .. name, function()
      assert.equal("true", load_in_fresh_lua(([[
        package.cpath = ""
        for name in pairs(package.preload) do package.preload[name] = nil end
        io.write(tostring(require %q ~= nil))]]):format(name), ""))
    end)
  end

  it("sets no global, reads nothing, prints nothing and leaves the host's random numbers alone", function()
    local names = {}
    for name in pairs(MODULES) do
      if not is_emulator(name) and not name:find("^fnf%.ngx") and not name:find("^fnf%.platform%.nginx") then
        names[#names + 1] = ("%q"):format(name)
      end
    end
    assert.is_true(#names > 15)
    table.sort(names)
    assert.equal("", load_in_fresh_lua([[
      local before = { cjson = true }
      for name in pairs(_G) do before[name] = true end
      local function never(what) return function() error(what .. " at require", 2) end end
      os.getenv, os.execute, os.time, os.clock = never "getenv", never "execute", never "time", never "clock"
      io.popen, math.random, math.randomseed = never "popen", never "random", never "randomseed"
      print = never "print"
      local cjson = require "cjson"
      for _, name in ipairs { ]] .. table.concat(names, ", ") .. [[ } do require(name) end
      for name in pairs(_G) do
        if not before[name] then io.write("global ", name, "\n") end
      end
      local deep = ("["):rep(500) .. ("]"):rep(500)
      if not pcall(cjson.decode, deep) then io.write("cjson's own settings were changed\n") end
      if package.loaded["fnf.curl"] then io.write("libcurl was loaded\n") end]]))
  end)
end)

describe("C", function()
  local C = lines_of("find csrc -name '*.[ch]' | sort")

  local ONLY = { -- what is included, and by whom
    { "<curl/", { "http.c", "transfer.h" } },
    { "<openssl/", { "sign.c", "random.c", "lua_redis.c" } },
    { "<hiredis/", { "lua_redis.c" } },
    { "<lua%.h>", { "glue.h", "lua_signer.h", "lua_host.h", "lua_normalize.h" } },
    { "<lauxlib%.h>", { "glue.h" } },
  }
  for _, row in ipairs(ONLY) do
    it(("includes %s only in %s"):format(row[1], table.concat(row[2], ", ")), function()
      for _, path in ipairs(C) do
        local allowed = not file.read(path):find("#include " .. row[1])
        for _, name in ipairs(row[2]) do
          allowed = allowed or path == "csrc/" .. name
        end
        assert.is_true(allowed, path)
      end
    end)
  end

  it("defines what a header declares in the file of the same name", function()
    for _, path in ipairs(lines_of("find csrc -name '*.h'")) do
      local source = path:gsub("%.h$", "")
      local code = file.read(path):gsub("/%*.-%*/", ""):gsub("\ntypedef [^;]*;", "")
      for name in code:gmatch("\n[%w_][%w_ *]-(fnf_[%w_]+)%([^;{}]*%)[^;{}]*;") do
        assert.is_truthy(file.read(source .. ".c"):find("\n[%w_][%w_ *]-" .. name .. "%([^;{}]*%) {"), name)
      end
    end
  end)

  it("includes in one direction", function()
    local includes, height = {}, {}
    for _, path in ipairs(C) do
      includes[path] = {}
      for name in file.read(path):gmatch('#include "([^"]+)"') do
        table.insert(includes[path], "csrc/" .. name)
      end
    end
    local function climb(path)
      assert.is_not_equal("under way", height[path], path)
      if not height[path] then
        height[path] = "under way"
        for _, below in ipairs(includes[path]) do
          climb(below)
        end
        height[path] = "done"
      end
    end
    for _, path in ipairs(C) do
      climb(path)
    end
  end)

  it("never brings signing and HTTP together", function()
    for _, path in ipairs(C) do
      local text = file.read(path)
      local signs = text:find('#include "sign.h"', 1, true) or text:find('#include "canonical.h"', 1, true)
      local sends = text:find('#include "http.h"', 1, true) or text:find('#include "transfer.h"', 1, true)
      assert.is_nil(signs and sends, path)
    end
  end)

  it("knows no operation", function()
    for _, path in ipairs(C) do
      local text = file.read(path)
      for _, row in pairs(require "fnf.operations") do
        assert.is_nil(text:find(row.action, 1, true), path .. " names " .. row.action)
      end
    end
  end)
end)

local function read_rock(path)
  local rock = {}
  local loaded
  if _VERSION == "Lua 5.1" then
    loaded = setfenv(assert(loadfile(path)), rock) -- luacheck: globals setfenv
  else
    loaded = assert(loadfile(path, "t", rock))
  end
  loaded()
  return rock.build.modules
end

local ROCKS = {
  { path = "fnf-scm-1.rockspec", folder = "" },
  { path = "emulator/fnf-emulator-scm-1.rockspec", folder = "emulator/" },
  { path = "lua/fnf/cli/fnf-cli-scm-1.rockspec", folder = "", command = true },
}
local REDIS_ROCK = { ["csrc/lua_redis.c"] = true, ["csrc/clock.c"] = true, ["csrc/fnf.c"] = true }

for _, rock in ipairs(ROCKS) do
  describe("the rock " .. rock.path, function()
    local modules

    setup(function()
      modules = read_rock(rock.path)
    end)

    it("holds every Lua module of its own there is, at its path, and no other", function()
      local held, there = {}, {}
      for name, path in pairs(modules) do
        if type(path) == "string" then
          held[name] = rock.folder .. path
        end
      end
      for name, path in pairs(FILES) do
        if (path:find("emulator/", 1, true) == 1) == (rock.folder ~= "")
          and is_command(name) == (rock.command == true) then
          there[name] = path
        end
      end
      assert.same(there, held)
    end)

    it("is built of every C source there is, and of no other; the emulator of none", function()
      local used, there = {}, {}
      for _, module in pairs(modules) do
        for _, path in ipairs(type(module) == "table" and module.sources or {}) do
          used[path] = true
        end
      end
      for _, path in ipairs(rock.folder == "" and not rock.command and lines_of "find csrc -name '*.c'" or {}) do
        there[path] = path ~= "csrc/lua_redis.c" or nil
      end
      assert.same(there, used)
    end)
  end)
end

describe("the rock of fnf.redis", function()
  it("is its C source and what that includes, and nothing else", function()
    local modules, used = read_rock "lua/fnf/share/fnf-redis-scm-1.rockspec", {}
    for _, path in ipairs(modules["fnf.redis"].sources) do
      used[path] = true
    end
    assert.same(REDIS_ROCK, used)
    assert.equal("fnf.redis", next(modules))
    assert.is_nil(next(modules, "fnf.redis"))
  end)
end)
