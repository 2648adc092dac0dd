rockspec_format = "3.0"
package = "fnf-cli"
version = "scm-1"

-- Built from a checkout: `luarocks make lua/fnf/cli/fnf-cli-scm-1.rockspec`, in its root (where a second
-- rockspec would leave plain `luarocks make` without a choice).
source = {
  url = ".",
}

description = {
  summary = "The command line of fnf, the client of Alibaba Cloud CloudFlow",
  license = "MIT",
}

dependencies = {
  "lua >= 5.1, < 5.6, ~= 5.2",
  "fnf",
  "argparse",
}

build = {
  type = "builtin",
  modules = {
    ["fnf.cli"] = "lua/fnf/cli.lua",
    ["fnf.cli.command"] = "lua/fnf/cli/command.lua",
    ["fnf.cli.doctor"] = "lua/fnf/cli/doctor.lua",
    ["fnf.cli.exit"] = "lua/fnf/cli/exit.lua",
    ["fnf.cli.failures"] = "lua/fnf/cli/failures.lua",
    ["fnf.cli.flags"] = "lua/fnf/cli/flags.lua",
    ["fnf.cli.frame"] = "lua/fnf/cli/frame.lua",
    ["fnf.cli.generate"] = "lua/fnf/cli/generate.lua",
    ["fnf.cli.live"] = "lua/fnf/cli/live.lua",
    ["fnf.cli.output"] = "lua/fnf/cli/output.lua",
    ["fnf.cli.manual"] = "lua/fnf/cli/manual.lua",
    ["fnf.cli.preview"] = "lua/fnf/cli/preview.lua",
    ["fnf.cli.progress"] = "lua/fnf/cli/progress.lua",
    ["fnf.cli.terminal"] = "lua/fnf/cli/terminal.lua",
    ["fnf.cli.text"] = "lua/fnf/cli/text.lua",
    ["fnf.cli.wait"] = "lua/fnf/cli/wait.lua",
  },
  install = {
    bin = { fnf = "bin/fnf" },
  },
}
