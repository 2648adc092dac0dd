--- Every block of the README and of docs/, run as a reader would paste it, on the emulator; see support/documents.lua.
-- SPDX-License-Identifier: MIT

local documents = require "spec.support.documents"
local fnf = require "fnf"
local json = require "fnf.json"
local nginx = require "spec.support.nginx.server"

local SPEED = 20 -- simulated seconds a second

describe("what a program printed", function()
  it("agrees with a page line by line, but for blanks and what is left out", function()
    assert.is_true(documents.agree("a  b\n", "a\tb\n"))
    assert.is_true(documents.agree("a ... c\n", "a (b) c"))
    assert.is_true(documents.agree("a\n...\nz\n", "a\nb\nc\nz\n"))
    assert.is_true(documents.agree("a\n...\nz\n", "a\nz\n"))
    assert.is_false(documents.agree("a\n...\nz\n", "a\nb\n"))
    assert.is_false(documents.agree("a ... c\n", "a b\nc\n"))
    assert.is_false(documents.agree("a\n", "a\nb\n"))
    assert.is_false(documents.agree("294 of 300\n", "29x of 300\n"))
  end)
end)

describe("a page of the documentation", function()
  local emulator, environment, client

  setup(function()
    emulator = assert(require("fnf.emulator").start { sample = true })
    environment = { FNF_ENDPOINT = emulator.url, ALIBABA_CLOUD_REGION_ID = "cn-hangzhou",
      ALIBABA_CLOUD_ACCESS_KEY_ID = emulator.access_key_id,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET = emulator.access_key_secret }
    client = fnf.new { endpoint = emulator.url, access_key_id = emulator.access_key_id,
      access_key_secret = emulator.access_key_secret }
  end)

  teardown(function()
    client:close()
    emulator:stop()
  end)

  --- What the samples of tasks and of a stop need: a task that waits for its report, twice, and an execution that goes
  --- on however slow this machine is.
  local function begin_samples()
    emulator:map_run { FlowName = "orders", ExecutionName = "nightly-1", items = 100000 }
    emulator:script { FlowName = "approvals", tasks = { "Approve" } }
    assert(client:create_flow { Name = "approvals", Type = "FDL", Description = "waits", Definition = "x: y" })
    for _ = 1, 2 do
      assert(client:start_execution { FlowName = "approvals" })
    end
  end

  local run = {}

  function run.lua(program)
    local tasks = emulator:tasks().tasks
    environment.TASK_TOKEN = tasks and tasks[1].TaskToken
    return documents.run(program, environment)
  end

  function run.sh(program)
    return documents.run(program, environment)
  end

  function run.json(program)
    local read, reason = json.decode(program.text)
    return read ~= nil, reason or ""
  end

  --- Real nginx starts with it: all of a configuration, or what belongs into `http` or a `server`.
  function run.nginx(program)
    local text = program.text
    if text:find("\nevents {", 1, true) then
      return true, "" -- spec/ngx/page_spec.lua runs it
    elseif text:find "^location" then
      text = ("lua_shared_dict fnf 1m;\nserver { listen 127.0.0.1:$port;\n%s}\n"):format(text)
    else
      text = text .. "server { listen 127.0.0.1:$port; }\n"
    end
    local done, server = pcall(nginx.start, { http = text })
    if not done then
      return false, server
    end
    local problems = server:errors { "html/ready" } -- of which there is none
    server:stop()
    return problems == "", problems
  end

  for _, path in ipairs(documents.pages()) do
    it("holds nothing but what runs, and prints what it says: " .. path, function()
      emulator:reset()
      -- The samples of the operations find executions that run, however long the page takes.
      emulator:clock { rate = path == "docs/operations.md" and 1 or SPEED }
      local blocks = documents.blocks(documents.read(path))
      for _, block in ipairs(blocks) do
        if block.not_run and block.language == "lua" then
          assert((loadstring or load)(block.text, "@" .. path)) -- luacheck: ignore 113
        end
      end
      if path == "docs/operations.md" then
        begin_samples()
      end
      for _, program in ipairs(documents.programs(blocks)) do
        local where = ("%s:%d: "):format(path, program.line)
        local done, printed = assert(run[program.language], where .. program.language)(program)
        assert.is_true(done, where .. printed)
        if program.prints then
          local said = table.concat(program.prints)
          assert.is_true(documents.agree(said, printed), ("%sit says\n%sand prints\n%s"):format(where, said, printed))
        end
      end
    end)
  end
end)
