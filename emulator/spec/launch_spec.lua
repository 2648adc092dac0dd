--- The emulator as a program: its options, what it prints, and how it ends.
-- SPDX-License-Identifier: MIT
--
-- One subject: one start and one end of the same process, by a command or from Lua.

local asker = require "spec.support.signed_requests"
local core = require "fnf.core"
local emulator = require "fnf.emulator"
local file = require "pl.file"
local shell = require "fnf.emulator.shell"

-- What a command of a terminal is: a session of its own, and no signal ignored, whoever runs the specs (a background
-- job of a script ignores INT and QUIT, one of nohup HUP).
local IN_A_TERMINAL = "exec env --default-signal=HUP,INT,QUIT,TERM setsid "

local function exists(path)
  return (shell.run('[ -e "$1" ]', path))
end

-- Local addresses that something listens on at this port, in the kernel's hexadecimal.
local function listeners(port)
  local found = {}
  for _, name in ipairs { "tcp", "tcp6" } do
    for address, number in file.read("/proc/net/" .. name):gmatch "%d+: (%x+):(%x+) %x+:%x+ 0A " do
      if tonumber(number, 16) == port then
        found[#found + 1] = address
      end
    end
  end
  return found
end

local function eventually(check)
  local started = core.now()
  while not check() do
    if core.now() - started > 10 then
      return false
    end
    core.sleep(0.02)
  end
  return true
end

local function interpreter()
  local pipe = io.popen "readlink /proc/$PPID/exe"
  local path = pipe:read "*l"
  pipe:close()
  return path
end

-- Runs this Lua on some text in a process of its own; gives its process id and the pipe it prints to.
local function another_lua(text, environment)
  local pipe = io.popen(shell.command('echo $$; exec env ' .. (environment or "A=b") .. ' "$1" -e "$2" </dev/null',
    interpreter(), ("package.path = %q package.cpath = %q "):format(package.path, package.cpath) .. text))
  return pipe:read "*l", pipe
end

describe("launching the emulator", function()
  it("gives it free ports on loopback only, a log and a CA, and stop takes all of that away", function()
    local handle = assert(emulator.start())
    for _, port in ipairs { handle.process.port, handle.process.https_port } do
      local addresses = listeners(port)
      assert.is_true(#addresses >= 1)
      for _, address in ipairs(addresses) do
        assert.is_true(address == "0100007F" or address == "00000000000000000000000001000000", address)
      end
    end
    assert.is_true(exists(handle.process.directory .. "/error.log"))
    handle:stop()
    assert.is_false(exists(handle.process.directory))
    assert.same({}, listeners(handle.process.port))
    assert.is_nil((handle:info()))
    handle:stop()
  end)

  it("lets several live side by side", function()
    local first, second = assert(emulator.start()), assert(emulator.start())
    first:map_run { FlowName = "only here" }
    assert.equal(404, (asker.new(second):describe { FlowName = "only here", ExecutionName = "e", MapRunName = "m" }))
    first:stop()
    assert.equal("fnf emulator", second:info().name)
    second:stop()
  end)

  it("takes ports, keys and settings", function()
    local port = require("fnf.emulator.ports").free_pair "spec"
    local handle = assert(emulator.start {
      port = port, gateway = true, quota = true, keys = { { id = "me", secret = "mine", token = "now" } },
    })
    assert.same({ "http://127.0.0.1:" .. port, "me", "mine", "now" },
      { handle.url, handle.access_key_id, handle.access_key_secret, handle.security_token })
    assert.is_true(handle:info().quota and handle:info().gateway)
    local client, run = asker.new(handle), handle:map_run()
    local function code(request)
      local status, object = client:describe(run, request)
      return { status, object.Code }
    end
    assert.same({ 200 }, code { common = { SecurityToken = "now" } })
    assert.same({ 400, "SignatureDoesNotMatch" }, code { secret = "wrong", common = { SecurityToken = "now" } })
    assert.same({ 404, "InvalidAccessKeyId.NotFound" }, code { id = "stranger" })
    assert.same({ 400, "InvalidTimeStamp.Expired" }, code { age = 1000, common = { SecurityToken = "now" } })
    handle:quota { enforce = true, limits = { other = { size = 1, refill = 0 } } }
    assert.same({ 200 }, code { common = { SecurityToken = "now" } })
    assert.same({ 400, "Throttling.User" }, code { common = { SecurityToken = "now" } })
    handle:stop()
  end)

  it("shows a certificate that its own CA vouches for, and nobody else", function()
    local handle = assert(emulator.start())
    local run = handle:map_run()
    local stranger = asker.new(handle)
    stranger.base = handle.https_url
    assert.equal("certificate", select(2, stranger:describe(run)))
    local client = asker.new(handle, { https = true })
    for _, host in ipairs { "127.0.0.1", "localhost" } do
      client.base = ("https://%s:%d"):format(host, handle.process.https_port)
      assert.equal(200, (client:describe(run)))
    end
    assert.is_false(exists(handle.process.directory .. "/ca.key"))
    handle:stop()
  end)

  it("keeps a named directory, and can be started in it again", function()
    local _, parent = shell.run "mktemp -d"
    local directory = parent .. "/with a blank and a 'quote'"
    for _ = 1, 2 do
      local handle = assert(emulator.start { directory = directory })
      assert.equal(directory, handle.process.directory)
      assert.equal("fnf emulator", handle:info().name)
      handle:stop()
      assert.equal("", file.read(directory .. "/error.log"))
    end
    shell.run('rm -rf "$1"', parent)
  end)

  it("raises options that make no sense at the caller's line", function()
    for _, case in ipairs {
      { { prt = 1 }, "unknown option 'prt'" }, { { port = 70000 }, "port must be a port number" },
      { { quota = 1 }, "quota must be true or false" }, { { keys = {} }, "keys must be a list" },
      { { keys = { { id = "a" } } }, "keys must be a list" },
    } do
      local done, message = pcall(function() return (emulator.start(case[1])) end)
      assert.is_false(done)
      assert.matches("launch_spec.lua:%d+: emulator: " .. case[2], message)
    end
  end)

  it("says why when a port is taken", function()
    local first = assert(emulator.start())
    local second, message = emulator.start { port = first.process.port, https_port = first.process.https_port }
    assert.is_nil(second)
    assert.matches("Address already in use", message)
    local ports = require "fnf.emulator.ports"
    local free_pair, tries = ports.free_pair, 0
    ports.free_pair = function(...)
      tries = tries + 1
      return free_pair(...)
    end
    second, message = emulator.start { port = first.process.port } -- no other second port would help
    ports.free_pair = free_pair
    assert.same({ nil, 1 }, { second, tries })
    assert.matches("Address already in use", message)
    first:stop()
  end)

  it("says why when its directory cannot be made", function()
    local started, message = emulator.start { directory = "/proc/none" }
    assert.is_nil(started)
    assert.matches("no directory for the emulator: ", message, 1, true)
  end)

  it("says what to install or name when there is no nginx with Lua", function()
    local _, pipe = another_lua('print(select(2, require("fnf.emulator").start()))', "FNF_NGINX=/bin/true")
    assert.equal("FNF_NGINX: '/bin/true' is no nginx with the Lua module\n", pipe:read "*a")
    pipe:close()
  end)

  it("ends it when the process that started it is killed", function()
    local pid, pipe = another_lua([[
      local handle = assert(require("fnf.emulator").start())
      print(handle.process.port)
      print(handle.process.directory)
      io.stdout:flush()
      handle:wait()
    ]])
    finally(function() shell.run('kill -KILL "$1"', pid) end)
    local port, directory = tonumber(pipe:read "*l"), pipe:read "*l"
    assert.is_true(#listeners(port) > 0)
    assert.is_true((shell.run('kill -KILL "$1"', pid)))
    assert.is_true(eventually(function() return #listeners(port) == 0 end))
    assert.is_true(eventually(function() return not exists(directory) end))
    pipe:close()
  end)

  it("ends it when the process that started it forgets to", function()
    local _, pipe = another_lua([[
      local handle = assert(require("fnf.emulator").start())
      print(handle.process.directory)
      os.exit(0)
    ]])
    local directory = pipe:read "*l"
    assert.is_true(eventually(function() return not exists(directory) end))
    pipe:close()
  end)
end)

describe("an emulator that is started from a terminal", function()
  -- A group of its own, as a shell makes one of each command, with a folder of its own for what is temporary.
  local function start_group(folder)
    local script = 'echo $$; exec env TMPDIR="$1" "$2" emulator/bin/fnf-emulator 2>&1'
    local pipe = io.popen(IN_A_TERMINAL .. shell.command(script, folder, interpreter()):gsub("^exec ", ""))
    return pipe:read "*l", pipe
  end

  local function is_there(folder, name)
    return (shell.run('for each in "$1"/*; do [ ! -e "$each/$2" ] || exit 0; done; exit 1', folder, name))
  end

  local function is_empty(folder)
    return select(2, shell.run('ls -A "$1"', folder)) == ""
  end

  -- Has the group a process that is more than a zombie, which init has to bury?
  local function lives(group)
    return (shell.run([[awk -v group="$1" '$5 == group && $3 != "Z" { found = 1 } END { exit !found }' \
      /proc/[0-9]*/stat 2>/dev/null]], group))
  end

  -- What is left over after the signal came at a moment: nothing is printed but what was before, nothing stays.
  local function end_by(signal, target, moment)
    local _, folder = shell.run "mktemp -d"
    local group, pipe = start_group(folder)
    finally(function() shell.run('kill -KILL "-$1" 2>/dev/null; rm -rf "$2"', group, folder) end)
    local port
    if moment == "serving" then
      local line
      repeat
        line = pipe:read "*l"
        port = port or line and tonumber(line:match "http://127.0.0.1:(%d+)")
      until not line or line:find("Ctrl-C", 1, true)
    else
      -- Some files are there for milliseconds only; who misses one takes the moment after it.
      assert.is_true(eventually(function()
        return is_there(folder, moment) or is_there(folder, "nginx.conf")
      end), moment)
    end
    assert.is_true((shell.run('kill "-$1" "$2$3"', signal, target == "group" and "-" or "", group)))
    local rest = pipe:read "*a"
    pipe:close()
    assert.is_nil(rest:find("traceback", 1, true), rest)
    assert.is_true(eventually(function() return is_empty(folder) end), signal .. " " .. target .. " " .. moment)
    assert.same({}, port and listeners(port) or {})
    assert.is_true(eventually(function() return not lives(group) end), "a process is left")
  end

  for _, signal in ipairs { "HUP", "TERM", "INT", "QUIT" } do
    for _, target in ipairs { "group", "process" } do
      it(("leaves no process and no file behind after SIG%s to its %s"):format(signal, target), function()
        end_by(signal, target, "serving")
      end)
    end
  end

  for _, signal in ipairs { "HUP", "TERM", "INT" } do
    it("nor when SIG" .. signal .. " comes while it starts", function()
      for _, moment in ipairs { "events", "settings.json", "server.csr", "nginx.conf" } do
        end_by(signal, "group", moment)
      end
    end)
  end

  it("keeps what is secret to its owner, also in a folder that was there, and takes it away at the end", function()
    local _, folder = shell.run [[
      folder=$(mktemp -d) && chmod 755 "$folder" && cd "$folder" && pwd
      echo x >settings.json && chmod 666 settings.json]]
    local handle = assert(emulator.start { directory = folder })
    local _, modes = shell.run('stat -c "%n %a" "$1"/settings.json "$1"/server.key | sed "s,.*/,,"', folder)
    assert.equal("settings.json 600\nserver.key 600", modes)
    handle:stop()
    local left = select(2, shell.run('cd "$1" && ls error.log settings.json server.key 2>/dev/null', folder))
    assert.equal("error.log", left)
    shell.run('rm -rf "$1"', folder)
  end)

  it("ends although another child of the starting process holds its pipe", function()
    local _, pipe = another_lua [[
      local handle = assert(require("fnf.emulator").start())
      os.execute("sleep 30 >/dev/null 2>&1 &")
      local before = os.time()
      handle:stop()
      print(os.time() - before < 10)
    ]]
    assert.equal("true", pipe:read "*l")
    pipe:close()
  end)
end)

describe("fnf emulator", function()
  local function fnf(words)
    return io.popen("exec '" .. interpreter() .. "' bin/fnf " .. words .. " 2>&1", "r")
  end

  it("prints what to paste, serves, and is gone after Ctrl-C", function()
    local script = "echo $$; FNF_EMULATOR_KEYS=me:mine:now exec \"$0\" bin/fnf emulator"
    local pipe = io.popen((IN_A_TERMINAL .. "sh -c '%s' '%s'"):format(script, interpreter()))
    local group, lines = pipe:read "*l", {}
    finally(function() shell.run('kill -KILL "-$1"', group) end)
    repeat
      local line = pipe:read "*l"
      lines[#lines + 1] = line
    until not line or line:find("Ctrl-C", 1, true)
    local text = table.concat(lines, "\n")
    for _, export in ipairs {
      "ALIBABA_CLOUD_ACCESS_KEY_ID=me", "ALIBABA_CLOUD_ACCESS_KEY_SECRET=mine", "ALIBABA_CLOUD_SECURITY_TOKEN=now",
      "ALIBABA_CLOUD_REGION_ID=cn%-hangzhou", "FNF_ENDPOINT=http://127.0.0.1:%d+", "FNF_ENDPOINT=https://127.0.0.1:%d+",
      "FNF_CA_FILE=/",
    } do
      assert.matches("\n  export " .. export, text)
    end
    local port, directory = tonumber(text:match "http://127.0.0.1:(%d+)"), text:match "FNF_CA_FILE=(.-)/ca.pem"
    assert.is_true(#listeners(port) > 0)
    assert.is_true((shell.run('kill -INT "-$1"', group)))
    assert.equal("", pipe:read "*a")
    pipe:close()
    assert.same({}, listeners(port))
    assert.is_false(exists(directory))
  end)

  it("begins with the sample, or without it by --empty", function()
    for words, has_sample in pairs { emulator = true, ["emulator --empty"] = false } do
      local pipe = fnf(words)
      local lines = {}
      repeat
        local line = pipe:read "*l"
        lines[#lines + 1] = line
      until not line or line:find("Ctrl-C", 1, true)
      local text = table.concat(lines, "\n")
      local client = require("fnf").new { endpoint = text:match "FNF_ENDPOINT=(http://[%d.:]+)",
        access_key_id = "emulator-key-id", access_key_secret = "emulator-key-secret" }
      local flow, err = client:describe_flow { Name = "orders" }
      client:close()
      shell.run("kill -INT $(cat \"$1/nginx.pid\")", text:match "Log: (.-)/error.log")
      pipe:close()
      assert.equal(has_sample, flow ~= nil, tostring(err))
      assert.equal(has_sample, text:find("examples of the README", 1, true) ~= nil)
    end
  end)

  it("runs in a Lua that the checkout is built for, whatever `lua` is", function()
    local _, folder = shell.run "mktemp -d"
    assert(shell.run('printf "#!/bin/sh\necho wrong Lua; exit 9\n" >"$1/lua" && chmod +x "$1/lua"', folder))
    local done, said = shell.run('env -u LUA_PATH -u LUA_CPATH PATH="$1:$PATH" bin/fnf emulator --help', folder)
    shell.run('rm -rf "$1"', folder)
    assert.is_true(done, said)
    assert.matches("Usage: fnf emulator", said)
  end)

  it("takes keys by file and environment, the token by environment, and repeats no secret", function()
    local _, folder = shell.run "mktemp -d"
    finally(function() shell.run('rm -rf "$1"', folder) end)
    shell.run('cd "$1" && printf "one:first\n\ntwo:second:token\n" >keys && echo "three:not so" >bad', folder)
    local function said(words, environment)
      local script = 'cd "$1" && FNF_EMULATOR_KEYS="$2" FNF_NGINX=/bin/true "$3" "$4"/bin/fnf emulator $5 2>&1; echo $?'
      local _, here = shell.run "pwd"
      local _, text = shell.run(script, folder, environment or "", interpreter(), here, words)
      return text:match "^(.*)\n(%d+)$"
    end
    for words, pattern in pairs {
      ["--key-file keys"] = "no nginx with the Lua module$",
      ["--key-file=keys --key-file keys"] = "no nginx with the Lua module$",
      ["--key-file bad"] = "^fnf emulator: %-%-key%-file: 'bad' must hold ID:SECRET",
      ["--key-file none"] = "^fnf emulator: %-%-key%-file: cannot read 'none': No such file",
      ["--key one:first"] = "^fnf emulator: %-%-key: every user",
      ["--keys=one:first"] = "^fnf emulator: unknown option '%-%-keys'\n",
    } do
      local text, code = said(words)
      assert.matches(pattern, text)
      assert.equal(pattern:find "no nginx" and "9" or "2", code, text)
      assert.is_nil(text:find("first", 1, true), text)
    end
    local text, code = said("", "four:not five")
    assert.matches("^fnf emulator: FNF_EMULATOR_KEYS must hold ID:SECRET", text)
    assert.equal("9", code)
    assert.is_nil(text:find("five", 1, true))
  end)

  it("ends with 9, and leaves nothing behind, where it cannot print", function()
    for _, words in ipairs { "--help", "" } do
      local _, text = shell.run('"$1" bin/fnf emulator $2 2>&1 >/dev/full; echo $?', interpreter(), words)
      assert.equal("fnf emulator: cannot print: No space left on device\n9", text)
    end
  end)

  it("explains itself, and what it does not understand", function()
    for words, pattern in pairs {
      ["emulator --help"] = "^Usage: fnf emulator %[options%]",
      ["emulator --prt 1"] = "^fnf emulator: unknown option '%-%-prt'\n\nUsage",
      ["emulator --port 0"] = "^fnf emulator: %-%-port: '0' makes no sense",
      ["emulator --key=x:y"] = "^fnf emulator: %-%-key: every user of this machine could read the secret: use ",
      ["emulator --directory"] = "^fnf emulator: %-%-directory: '' makes no sense",
    } do
      local pipe = fnf(words)
      assert.matches(pattern, pipe:read "*a")
      pipe:close()
    end
  end)
end)
