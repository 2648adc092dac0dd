--- Completions in the shells they are for, and the man page as mandoc reads it.
-- SPDX-License-Identifier: MIT

local home = require "spec.support.temporary_home"
local shell = require "fnf.emulator.shell"
local tmux = require "spec.support.tmux"

describe("what other programs read of fnf", function()
  local folder

  setup(function()
    folder = home.new()
    assert(shell.run("mkdir -p $1/completions; for shell in bash zsh fish; do "
      .. "env -u LUA_PATH -u LUA_CPATH bin/fnf completion $shell >$1/completions/_fnf.$shell || exit 1; done; "
      .. "cp $1/completions/_fnf.zsh $1/completions/_fnf", folder.path))
  end)

  teardown(function()
    folder:remove()
  end)

  --- A spec that needs a program of this name.
  local function with(program, what, body)
    it(what, function()
      if shell.run('command -v "$1"', program) then
        body()
      else
        pending(program .. " is not installed: .ci/deps terminal")
      end
    end)
  end

  with("bash", "completes commands, flags and what they take in bash", function()
    local _, printed = shell.run([[cd "$1/completions" && exec bash --norc -c '
      source ./_fnf.bash
      complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); COMPREPLY=(); _fnf; echo "${COMPREPLY[@]}"; }
      complete -p fnf >/dev/null || echo none
      complete_words fnf map-r
      complete_words fnf map-run wa
      complete_words fnf map-run watch --flow
      complete_words fnf flow list -o ""']], folder.path)
    assert.equal("map-run\nwait watch\n--flow-name\n"
      .. "json jsonl table tsv yaml", printed)
  end)

  with("fish", "completes commands, flags and what they take in fish", function()
    local _, printed = shell.run([[HOME="$1" exec fish --no-config -c '
      source $argv[1]/completions/_fnf.fish
      complete -C "fnf map-run wa"
      complete -C "fnf map-run watch --flow"
      complete -C "fnf map-run watch --progress pl"' "$1"]], folder.path)
    assert.matches("^wait[^\n]*\nwatch[^\n]*\n%-%-flow%-name[^\n]*\nplain[^\n]*$", printed)
  end)

  with("zsh", "completes commands and flags in zsh", function()
    if not tmux.is_there() then
      pending "tmux is not installed: .ci/deps terminal"
      return
    end
    local screen = tmux.open(100, 30, { HOME = folder.path, TERM = "xterm" })
    local done, problem = pcall(function()
      screen:type("PS1='%% ' exec zsh -f")
      screen:wait_for "\n%%$"
      screen:type(("fpath=(%s/completions $fpath); autoload -Uz compinit; compinit -u -D; clear"):format(folder.path))
      screen:wait_for "^%%$"
      screen:press "'fnf map-run wa' Tab Tab"
      screen:wait_for "wait +watch"
      screen:press "C-u 'fnf map-run watch --flow-n' Tab"
      screen:wait_for("fnf map-run watch --flow-name", true)
    end)
    screen:stop()
    assert(done, problem)
  end)

  with("mandoc", "is a man page without a fault, of every command and exit code", function()
    local lines = {}
    local _, page = shell.run "exec env -u LUA_PATH -u LUA_CPATH bin/fnf help manual"
    for line in page:gmatch "[^\n]+" do
      lines[#lines + 1] = line
    end
    assert.is_true(#lines > 300)
    local path = folder:write("fnf.1", page .. "\n")
    assert.same({ true, "" }, { shell.run('exec mandoc -Tlint "$1"', path) })
    local _, shown = shell.run('mandoc -Tascii "$1" | col -b', path)
    for _, expected in ipairs { "map-run watch", "--progress VALUE", "124", "FNF_ENDPOINT", "call", "doctor" } do
      assert.matches(expected, shown, 1, true)
    end
  end)
end)
