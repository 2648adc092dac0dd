--- The build on other systems, as far as it shows here: names, flags, and what is said where it cannot be done.
-- SPDX-License-Identifier: MIT

local home = require "spec.support.temporary_home"

--- What a command prints, errors too.
local function run(command)
  local pipe = assert(io.popen("(" .. command .. ") 2>&1"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

describe("the Makefile", function()
  local folder

  before_each(function() folder = home.new() end)
  after_each(function() folder:remove() end)

  local function package(name, version)
    folder:write(("pc/%s.pc"):format(name),
      ("Name: %s\nDescription: Lua\nVersion: %s\nCflags: -I/of/%s\n"):format(name, version, name))
  end

  --- What would compile the module, in a system that has only those packages.
  local function compile(lua)
    return run(("PKG_CONFIG_LIBDIR=%s/pc make -n -B build/%s/fnf/core.so LUA=%s"):format(folder.path,
      lua == "luajit" and "5.1" or lua, lua))
  end

  for _, row in ipairs {
    { "5.4", "lua5.4", "5.4.6", "Debian, Alpine" },
    { "5.4", "lua-5.4", "5.4.7", "FreeBSD" },
    { "5.4", "lua54", "5.4.6", "Arch" },
    { "5.4", "lua", "5.4.6", "Fedora" },
    { "5.5", "lua", "5.5.0", "macOS" },
    { "5.1", "lua5.1", "5.1.5", "Debian" },
    { "5.1", "luajit", "2.1.0-beta3", "LuaJIT alone" },
    { "luajit", "luajit", "2.1.1700008891", "LuaJIT alone" },
  } do
    it(("15.6: finds the headers of Lua %s as %s calls them: %s"):format(row[1], row[4], row[2]), function()
      package(row[2], row[3])
      assert.truthy(compile(row[1]):find("-I/of/" .. row[2] .. " ", 1, true))
    end)
  end

  it("15.6: takes no headers of another Lua", function()
    package("lua", "5.3.6")
    assert.is_nil(compile("5.4"):find("-I/of/", 1, true))
  end)

  it("15.6: builds modules as macOS loads them", function()
    folder:program("bin/uname", "echo Darwin")
    local said = run(("PATH=%s/bin:$PATH make -n -B build/5.4/fnf/core.so"):format(folder.path))
    assert.truthy(said:find(" -bundle -undefined dynamic_lookup -o ", 1, true))
    assert.is_nil(said:find("-shared", 1, true))
    assert.truthy(run("make -n -B build/5.4/fnf/core.so"):find(" -shared -o ", 1, true))
  end)

  it("installs what was built, the module for Redis too, and removes it", function()
    for _, name in ipairs { "core", "curl", "redis" } do
      folder:write("build/fnf/" .. name .. ".so", "")
    end
    local make = ("make -s LUA=5.4 -o build -o install-texts build=%s/build DESTDIR=%s/root PREFIX=/usr "):format(
      folder.path, folder.path)
    local function installed()
      return run(("cd %s/root && find . -name '*.so' | sort"):format(folder.path)):gsub("./usr/lib/lua/5.4/fnf/", "")
    end
    local said = run(make .. "install")
    assert.equal("core.so\ncurl.so\nredis.so\n", (installed()), said)
    run(make .. "uninstall")
    assert.equal("", (installed()))
  end)

  it("15.6: installs by options that every system has", function()
    local said = run "make -n install DESTDIR=/nowhere"
    assert.truthy(said:find("install -d", 1, true))
    assert.is_nil(said:find("install -D", 1, true))
    assert.is_nil(said:find("install[^\n]* %-t "))
  end)

  it("15.6: refuses a Lua that there are no modules for in words", function()
    assert.truthy(run("make build LUA=5.2"):find(
      "LUA=5.2: fnf is built for Lua 5.1, 5.3, 5.4, 5.5 or luajit", 1, true))
  end)

  it("15.6: says which library is too old", function()
    package("libcurl", "7.58.0")
    package("libcrypto", "1.1.1n")
    local said = run(("PKG_CONFIG_LIBDIR=%s/pc make needs"):format(folder.path))
    assert.matches("missing: libcurl 7%.70 or newer[^\n]*found: 7%.58%.0\n", said)
    assert.matches("missing: OpenSSL 3 or newer[^\n]*found: 1%.1%.1n\n", said)
    assert.matches("Error", said)
  end)

  -- LuaRocks builds without the Makefile.
  it("15.6: is not needed to hear that from a header", function()
    folder:write("openssl/crypto.h", "#define OPENSSL_VERSION_NUMBER 0x1010117fL\n")
    for _, name in ipairs { "err", "evp", "pem" } do
      folder:write(("openssl/%s.h"):format(name), "")
    end
    folder:write("curl/curl.h", "#define LIBCURL_VERSION_NUM 0x0745ff\n")
    for file, sentence in pairs { ["sign.c"] = "fnf needs OpenSSL 3 or newer",
      ["transfer.c"] = "fnf needs libcurl 7.70 or newer" } do
      assert.truthy(run(("cc -std=c11 -fsyntax-only -I%s csrc/%s"):format(folder.path, file)):find(sentence, 1, true))
    end
  end)
end)

describe("the installer of packages", function()
  local folder

  before_each(function()
    folder = home.new()
    for _, tool in ipairs { "sh", "tr", "id", "grep", "cat" } do
      run(("ln -s $(command -v %s) %s"):format(tool, folder.path .. "/" .. tool))
    end
    folder:program("dpkg-query", "exit 1")
    folder:program("sudo", 'exec "$@"')
    folder:program("apt-get", ('echo "$@" >> %s/asked'):format(folder.path))
  end)

  after_each(function() folder:remove() end)

  --- What it says on a release without these packages, and what it asks apt-get for.
  local function install(arguments, without)
    os.remove(folder.path .. "/asked")
    folder:program("apt-cache",
      ('case " %s " in *" $2 "*) echo "Candidate: (none)" ;; *) echo "Candidate: 1.0" ;; esac'):format(without))
    local said = run(("PATH=%s .ci/deps %s"):format(folder.path, arguments))
    return said, run("cat " .. folder.path .. "/asked"):match("install[^\n]*") or ""
  end

  it("15.0: takes a package by the name that it has there", function()
    local said, asked = install("test 5.4", "luajit2")
    assert.matches(" luajit", asked)
    assert.is_nil(asked:find("luajit2", 1, true))
    assert.matches("^Installing: gcc ", said)
    assert.matches(" luajit2", (select(2, install("test 5.4", ""))))
  end)

  it("15.0: installs what the target and the Lua need and no more", function()
    local _, asked = install("demo 5.4", "")
    assert.matches(" lua5.4 liblua5.4%-dev", asked)
    assert.matches(" lua%-resty%-core", asked)
    for _, other in ipairs { "luajit", "busted", "lua5.1", "lua5.3", "clang", "npm" } do
      assert.is_nil(asked:find(other, 1, true), other)
    end
    _, asked = install("build 5.1", "")
    assert.matches(" lua5.1 liblua5.1%-0%-dev", asked)
    assert.is_nil(asked:find("nginx", 1, true))
  end)

  it("15.0: says what a release has not, and installs nothing", function()
    local said, asked = install("demo 5.4", "lua-resty-core")
    assert.matches("^This release has no package: lua%-resty%-core\n", said)
    assert.matches("The emulator needs nginx with Lua", said)
    assert.equal("", asked)
    said = install("build 5.5", "lua5.5 liblua5.5-dev")
    assert.matches("no package: lua5.5 liblua5.5%-dev\nTake another Lua", said)
    assert.matches("^usage: ", (install("demo 5.2", "")))
  end)

  it("15.0: leaves nginx to an OpenResty that FNF_NGINX names", function()
    folder:program("apt-cache", 'echo "Candidate: 1.0"')
    run(("PATH=%s FNF_NGINX=/opt/nginx .ci/deps demo"):format(folder.path))
    local asked = run("cat " .. folder.path .. "/asked")
    assert.is_nil(asked:find("nginx", 1, true))
    assert.matches(" lua%-yaml", asked)
  end)
end)
