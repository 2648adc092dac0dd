std = "min"
max_line_length = 120
read_globals = { math = { fields = { "maxinteger", "mininteger", "tointeger", "type" } } }
files["bin/fnf"] = { globals = { "_" } }
files["spec"].std = "+busted"
files["emulator/spec"].std = "+busted"
files["bench"].std = "min"
files["spec/faults/hostile_server.lua"] = { std = "ngx_lua" }
files["spec/support/nginx/*"] = { std = "ngx_lua" }
files["lua/fnf/ngx/*"] = { std = "ngx_lua" }
files["lua/fnf/platform/nginx*"] = { std = "ngx_lua" }
files["emulator/lua/fnf/emulator/*"] = { std = "ngx_lua" }
files["emulator/lua/fnf/emulator/launch.lua"] = { std = "min" }
files["lua/fnf/types"] = { max_line_length = false, ignore = { "211", "212", "241" } }
files["lua/fnf/types.lua"] = { ignore = { "211", "212" } }
files["lua/fnf/share/*"] = { read_globals = { "unpack", table = { fields = { "unpack" } } } }
exclude_files = { "build", "spec/browser/node_modules", "spec/conformance/node_modules" }
