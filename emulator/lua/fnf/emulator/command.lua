--- `fnf emulator`: an emulator in the foreground, for people.
-- SPDX-License-Identifier: MIT

local command = {}

local usage = [[
Usage: %s [options]

A CloudFlow (Serverless Workflow) on this machine, on loopback only, until Ctrl-C.

  --port N           for http; a free one by default
  --https-port N     for https, with a throw-away CA; a free one by default
  --key ID:SECRET[:TOKEN]
                     an access key that is accepted; may be repeated; a made-up one by default
  --quota            enforce the documented request quotas
  --gateway          refuse in the words of the shared gateway instead of CloudFlow's own
  --directory PATH   where nginx runs and logs, kept afterwards; a fresh one that is removed by default
  --help

FNF_NGINX names another nginx, such as OpenResty's.
]]

local function number(name)
  return function(options, value)
    options[name] = value:find "^%d+$" and tonumber(value)
    return options[name] and options[name] >= 1 and options[name] <= 65535
  end
end

local function key(options, value)
  local id, secret, token = value:match "^([^:]+):([^:]+):?([^:]*)$"
  options.keys = options.keys or {}
  options.keys[#options.keys + 1] = { id = id, secret = secret, token = token ~= "" and token or nil }
  return id
end

local function directory(options, value)
  options.directory = value
  return value ~= ""
end

local with_value = {
  ["--port"] = number("port"), ["--https-port"] = number("https_port"), ["--key"] = key, ["--directory"] = directory,
}

local flags = { ["--quota"] = "quota", ["--gateway"] = "gateway" }

-- Reads the words of a command line; nil and a message where they make no sense.
local function parse(words)
  local options, index = {}, 1
  while words[index] do
    local word, value = words[index], nil
    if word:find "^%-%-[%w-]+=" then
      word, value = word:match "^(.-)=(.*)$"
    end
    if flags[word] and not value then
      options[flags[word]] = true
    elseif with_value[word] then
      if not value then
        index, value = index + 1, words[index + 1] or ""
      end
      if not with_value[word](options, value) then
        return nil, ("%s: '%s' makes no sense"):format(word, value)
      end
    else
      return nil, ("unknown option '%s'"):format(words[index])
    end
    index = index + 1
  end
  return options
end

local function welcome(handle)
  local exports = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID=" .. handle.access_key_id,
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" .. handle.access_key_secret,
    handle.security_token and "ALIBABA_CLOUD_SECURITY_TOKEN=" .. handle.security_token or false,
    "ALIBABA_CLOUD_REGION_ID=cn-hangzhou",
    "FNF_ENDPOINT=" .. handle.url,
  }
  local lines = { "A CloudFlow on this machine. Paste this where your program runs:", "" }
  for _, export in ipairs(exports) do
    if export then
      lines[#lines + 1] = "  export " .. export
    end
  end
  for _, line in ipairs {
    "", "or, to have TLS as well:", "",
    "  export FNF_ENDPOINT=" .. handle.https_url,
    "  export FNF_CA_FILE=" .. handle.ca_file,
    "", "A MapRun to look at (here a minute long; emulator/README.md has the other fields):", "",
    "  curl -d '{\"items\":600,\"Concurrency\":10,\"item_duration\":1}' " .. handle.url .. "/_fnf/map_runs",
    "", "Log: " .. handle.process.directory .. "/error.log. Ctrl-C ends it.",
  } do
    lines[#lines + 1] = line
  end
  return table.concat(lines, "\n") .. "\n"
end

-- What a shell says of a program that Ctrl-C ended; a standalone Lua makes an error of it.
local INTERRUPTED = 130

--- Runs an emulator until it is interrupted.
---@param words string[] the options
---@param name? string what the command is called; "fnf emulator" by default
---@return integer status for the shell
function command.run(words, name)
  name = name or "fnf emulator"
  local help = usage:format(name)
  if words[1] == "--help" then
    io.stdout:write(help)
    return 0
  end
  local options, message = parse(words)
  if not options then
    io.stderr:write(name, ": ", message, "\n\n", help)
    return 2
  end
  local done, handle
  done, handle, message = pcall(require("fnf.emulator").start, options)
  if not done then
    if tostring(handle):find("interrupted!", 1, true) then
      return INTERRUPTED
    end
    error(handle, 0)
  end
  if not handle then
    io.stderr:write(name, ": ", message, "\n")
    return 1
  end
  io.stdout:write(welcome(handle))
  io.stdout:flush()
  -- Ctrl-C ends nginx, and then shows up here as an error of the standalone Lua.
  pcall(handle.wait, handle)
  handle:stop()
  return 0
end

return command
