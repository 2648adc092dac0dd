-- The host half of fnf.core: files read and programs run without ever waiting for a stranger.
-- SPDX-License-Identifier: MIT
local core = require "fnf.core"
local home = require "spec.support.temporary_home"

local LIMIT = 65536

--- Look at a process until it has ended or ten seconds have passed.
local function finish(process)
  local ending = core.now() + 10
  repeat
    local output, status, message = process:look()
    if output ~= false then
      return output, status, message
    end
    core.sleep(0.005)
  until core.now() > ending
  error("it did not end")
end

local function is_alive(id)
  local text = core.read("/proc/" .. id .. "/stat", LIMIT)
  return text ~= nil and not text:find("^%d+ %(.*%) Z")
end

--- Whether a process ends within ten seconds.
local function ends(id)
  local ending = core.now() + 10
  while is_alive(id) and core.now() < ending do
    core.sleep(0.005)
  end
  return not is_alive(id)
end

describe("core.read", function()
  local place

  before_each(function() place = home.new() end)
  after_each(function() place:remove() end)

  it("gives a file's bytes and permission bits", function()
    local text, mode = core.read(place:write("a", "one\0two\n", "640"), LIMIT)
    assert.are.equal("one\0two\n", text)
    assert.are.equal(416, mode) -- 0640
  end)

  it("takes a file of just the limit and refuses one byte more", function()
    assert.are.equal(("x"):rep(10), (core.read(place:write("a", ("x"):rep(10)), 10)))
    local text, status, message = core.read(place:write("b", ("x"):rep(11)), 10)
    assert.is_nil(text)
    assert.are.equal("too big", status)
    assert.are.equal("it has more than 10 bytes", message)
    assert.are.equal("", (core.read(place:write("c", ""), 0)))
    for _, size in ipairs { 16384, 16385, 300000 } do
      local path = place:write("d", ("x"):rep(size))
      assert.are.equal(size, #core.read(path, size))
      assert.are.equal(size, #core.read(path, 2 ^ 24))
      assert.are.equal("too big", (select(2, core.read(path, size - 1))))
    end
  end)

  it("touches no more memory than the file has bytes, whatever the limit", function()
    local path = place:write("a", "one")
    local function faults() -- of pages, so far: the tenth field
      return tonumber((core.read("/proc/self/stat", LIMIT):match("%) " .. ("%S+ "):rep(7) .. "(%d+)")))
    end
    if not core.read("/proc/self/stat", LIMIT) then
      return pending "faults of pages are counted in /proc"
    end
    local before = faults()
    core.read(path, 16 * 1024 * 1024)
    assert.is_true(faults() - before < 400, "16 MiB are 4,096 pages")
    local kilobytes = collectgarbage "count"
    core.read(path, 16 * 1024 * 1024)
    assert.is_true(collectgarbage "count" - kilobytes < 100)
  end)

  it("says what the system says of a missing file", function()
    local text, status, message = core.read(place.path .. "/none", LIMIT)
    assert.is_nil(text)
    assert.are.equal("system", status)
    assert.are.equal("No such file or directory", message)
  end)

  it("refuses a FIFO, a device and a directory at once", function()
    for _, path in ipairs { place:fifo("pipe"), "/dev/zero", place.path } do
      local started = core.now()
      local text, status, message = core.read(path, LIMIT)
      assert.is_nil(text)
      assert.are.equal("bad input", status)
      assert.are.equal("it is no regular file", message)
      assert.is_true(core.now() - started < 20)
    end
  end)

  it("reads a file whose size the system does not tell", function()
    assert.is_truthy(core.read("/proc/self/stat", LIMIT):find("^%d+ "))
  end)

  it("raises for a path with a NUL byte, a number for a path, and a limit that is none", function()
    assert.has_error(function() core.read("a\0b", 1) end)
    assert.has_error(function() core.read(5, 1) end)
    assert.has_error(function() core.read("a", -1) end)
    assert.has_error(function() core.read("a", 2 ^ 40) end)
  end)
end)

describe("core.process", function()
  local place

  before_each(function() place = home.new() end)
  after_each(function() place:remove() end)

  it("catches standard output and the exit status", function()
    local process = assert(core.process({ "/bin/sh", "-c", "printf 'a b\\n'; exit 3" }, LIMIT))
    local output, status = finish(process)
    assert.are.equal("a b\n", output)
    assert.are.equal(3, status)
  end)

  it("passes words as they are, for no shell reads them", function()
    local process = assert(core.process({ "printf", "%s|", "$HOME", "a  b", "*", "'" }, LIMIT))
    assert.are.equal("$HOME|a  b|*|'|", (finish(process)))
  end)

  it("gives the program an empty standard input and this process's environment", function()
    local process = assert(core.process({ "/bin/sh", "-c", "cat; printf %s \"$PATH\"" }, LIMIT))
    assert.are.equal(os.getenv("PATH"), (finish(process)))
  end)

  it("says so when there is no such program", function()
    local process, status, message = core.process({ place.path .. "/none" }, LIMIT)
    assert.is_nil(process)
    assert.are.equal("system", status)
    assert.are.equal("No such file or directory", message)
  end)

  it("tells of a signal as 128 and its number", function()
    local _, status = finish(assert(core.process({ "/bin/sh", "-c", "kill -9 $$" }, LIMIT)))
    assert.are.equal(137, status)
  end)

  it("refuses more output than the limit", function()
    local process = assert(core.process({ "/bin/sh", "-c", "while :; do echo 0123456789; done" }, 100))
    local output, status, message = finish(process)
    assert.is_nil(output)
    assert.are.equal("too big", status)
    assert.are.equal("it printed more than 100 bytes", message)
    process:close()
  end)

  it("takes all output up to the limit, however large the pipe is", function()
    local process = assert(core.process({ "/bin/sh", "-c", "head -c 300000 /dev/zero" }, 300000))
    assert.are.equal(300000, #finish(process))
  end)

  it("ends the program and what it started when it is closed, or collected", function()
    for _, close in ipairs { function(process) process:close() end, function() end } do
      local file = place.path .. "/ids"
      local process = assert(core.process({ "/bin/sh", "-c",
        "sleep 60 & printf '%s %s' $$ $! > " .. file .. ".new; mv " .. file .. ".new " .. file .. "; wait" }, LIMIT))
      local ending = core.now() + 10
      while not core.read(file, LIMIT) and core.now() < ending do
        core.sleep(0.005)
      end
      local ids = core.read(file, LIMIT)
      local first, second = ids:match("(%d+) (%d+)")
      assert.is_true(is_alive(first) and is_alive(second))
      assert.is_false(process:look())
      close(process)
      process = nil -- luacheck: ignore
      collectgarbage()
      collectgarbage()
      assert.is_true(ends(first) and ends(second))
      os.remove(file)
    end
  end)

  it("does not wait for what the program left behind", function()
    local process = assert(core.process({ "/bin/sh", "-c", "sleep 20 & echo done" }, LIMIT))
    local started = core.now()
    assert.are.equal("done\n", (finish(process)))
    assert.is_true(core.now() - started < 10)
  end)

  it("raises for words that are none, and for one that is closed", function()
    for _, words in ipairs { {}, { 5 }, { "a\0b" }, "true" } do
      assert.has_error(function() core.process(words, LIMIT) end)
    end
    local process = assert(core.process({ "true" }, LIMIT))
    process:close()
    process:close()
    assert.has_error(function() process:look() end)
  end)
end)
