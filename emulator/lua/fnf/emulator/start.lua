--- The emulator's first steps inside nginx: settings out of their file, then word to the launcher.
-- SPDX-License-Identifier: MIT

local store = require("fnf.emulator.store")
local json = require("fnf.emulator.json")

local start = {}

local function settings_file(name) return ngx.config.prefix() .. name end

--- Loads every module while a failure still stops nginx with a clear message, and opens the store.
function start.open()
  local file = assert(io.open(settings_file("settings.json")))
  local settings = json.decode(file:read("*a"))
  file:close()
  require("fnf.emulator.server")
  require("fnf.emulator.control")
  require("fnf.emulator.metadata")
  store.open(settings, ngx.now())
end

--- Tells the launcher that the ports are open: connections are queued from here on.
function start.ready()
  local file = assert(io.open(settings_file("events"), "w"))
  file:write("ready\n")
  file:close()
end

return start
