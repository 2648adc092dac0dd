--- The emulator as its rock installs it: into a tree of its own, for each Lua, without the library.
-- SPDX-License-Identifier: MIT
local shell = require "fnf.emulator.shell"

local INSTALL = [[
set -e
cp -R emulator "$2/source"
cd "$2/source"
luarocks --lua-version="$1" --tree="$2/tree" make >"$2/log" 2>&1 || { cat "$2/log"; exit 1; }
]]

-- Until its standard output has said where it is; then Ctrl-C, as a terminal sends it.
local START = [[
cd /
unset LUA_PATH LUA_CPATH LUA_PATH_5_3 LUA_CPATH_5_3 LUA_PATH_5_4 LUA_CPATH_5_4
FNF_EMULATOR_KEYS="me:mine" exec setsid --wait "$1/tree/bin/fnf-emulator" 2>&1
]]

local function installs(version)
  return (shell.run('command -v luarocks && command -v "lua$1"', version))
end

for _, version in ipairs { "5.1", "5.3", "5.4" } do
  describe("the emulator's rock for Lua " .. version, function()
    it("starts by its own command, needs nothing that is compiled, and leaves nothing behind", function()
      if not installs(version) then
        pending("no luarocks or no lua" .. version .. " on this machine")
        return
      end
      local _, folder = shell.run "mktemp -d"
      local done, said = shell.run(INSTALL, version, folder)
      assert.is_true(done, said)
      assert.equal("", select(2, shell.run('find "$1/tree" -name "*.so"', folder)))
      local pipe = io.popen("echo $$; " .. shell.command(START, folder))
      local group, lines = pipe:read "*l", {}
      repeat
        local line = pipe:read "*l"
        lines[#lines + 1] = line
      until not line or line:find("Ctrl-C ends it", 1, true)
      local text = table.concat(lines, "\n")
      assert.matches("export ALIBABA_CLOUD_ACCESS_KEY_ID=me\n", text)
      local directory = text:match "FNF_CA_FILE=(.-)/ca.pem"
      local nginx = select(2, shell.run('cat "$1/nginx.pid"', directory))
      assert.is_true((shell.run('kill -0 "$1"', nginx)), group)
      shell.run('kill -INT -"$(ps -o pgid= -p "$1" | tr -d " ")"', nginx)
      pipe:read "*a"
      pipe:close()
      assert.is_false((shell.run('[ -e "$1" ]', directory)))
      _, said = shell.run('"$1/tree/bin/fnf-emulator" --help; "$1/tree/bin/fnf-emulator" --prt', folder)
      assert.matches("^Usage: fnf%-emulator %[options%]", said)
      assert.matches("\nfnf%-emulator: unknown option '%-%-prt'\n", said)
      shell.run('rm -rf "$1"', folder)
    end)
  end)
end
