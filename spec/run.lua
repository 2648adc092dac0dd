--- Runs busted in the Lua that runs this file: `lua5.1 spec/run.lua [busted's options]`.
-- SPDX-License-Identifier: MIT
require "busted.runner" { standalone = false }
