--- `fnf emulator`: an emulator in the foreground, for people.
-- SPDX-License-Identifier: MIT

local command = {}

local usage = [[
Usage: %s [options]

A CloudFlow (Serverless Workflow) on this machine, on loopback only, until Ctrl-C.

  --port N           for http; a free one by default
  --https-port N     for https, with a throw-away CA; a free one by default
  --key-file PATH    access keys that are accepted, ID:SECRET[:TOKEN] in each line; a made-up one by default
  --quota            enforce the documented request quotas
  --gateway          refuse in the words of the shared gateway instead of CloudFlow's own
  --empty            without the flow "orders" and its MapRuns, which the README's examples ask for
  --directory PATH   where nginx runs and logs, kept afterwards; a fresh one that is removed by default
  --help

FNF_NGINX names another nginx, such as OpenResty's. FNF_EMULATOR_KEYS holds access keys as well, between blanks;
FNF_EMULATOR_TOKEN is what requests to /_fnf/ must have in their header X-Fnf-Token, a random one by default.
]]

local function number(name)
  return function(options, value)
    options[name] = value:find "^%d+$" and tonumber(value)
    return options[name] and options[name] >= 1 and options[name] <= 65535
  end
end

-- Adds keys out of a text; nil if it holds something else. A message must not repeat what may be a secret.
local function add_keys(options, text)
  options.keys = options.keys or {}
  for word in text:gmatch "%S+" do
    local id, secret, token = word:match "^([^:]+):([^:]+):?([^:]*)$"
    if not id then
      return nil
    end
    table.insert(options.keys, { id = id, secret = secret, token = token ~= "" and token or nil })
  end
  return true
end

local function key_file(options, value)
  local file, reason = io.open(value)
  local text
  if file then
    text, reason = file:read "*a"
    file:close()
  end
  if not text then
    return nil, ("cannot read '%s': %s"):format(value, (tostring(reason):gsub("^.*: ", "")))
  end
  return add_keys(options, text) and options.keys[1],
    ("'%s' must hold ID:SECRET[:TOKEN] in each line"):format(value)
end

local function key()
  return nil, "every user of this machine could read the secret: use --key-file or FNF_EMULATOR_KEYS"
end

local function directory(options, value)
  options.directory = value
  return value ~= ""
end

local with_value = {
  ["--port"] = number("port"), ["--https-port"] = number("https_port"), ["--key"] = key,
  ["--key-file"] = key_file, ["--directory"] = directory,
}

local flags = { ["--quota"] = "quota", ["--gateway"] = "gateway", ["--empty"] = "empty" }

-- Reads one option that has a value; nil and a message where it makes no sense.
local function read_value(options, word, value)
  local good, message = with_value[word](options, value)
  if good then
    return true
  end
  return nil, ("%s: %s"):format(word, message or ("'%s' makes no sense"):format(value))
end

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
      local read, message = read_value(options, word, value)
      if not read then
        return nil, message
      end
    else
      return nil, ("unknown option '%s'"):format(word)
    end
    index = index + 1
  end
  return options
end

-- Adds what the environment says.
local function add_environment(options)
  options.token = os.getenv "FNF_EMULATOR_TOKEN"
  if not add_keys(options, os.getenv "FNF_EMULATOR_KEYS" or "") then
    return nil, "FNF_EMULATOR_KEYS must hold ID:SECRET[:TOKEN], one or several"
  end
  if not options.keys[1] then
    options.keys = nil
  end
  options.sample, options.empty = not options.empty, nil
  return options
end

local function welcome(handle, has_sample)
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
    "", (has_sample and "The examples of the README run on it as they stand. Another MapRun to look at"
      or "A MapRun to look at") .. ", a minute long:", "",
    "  curl -H 'X-Fnf-Token: " .. handle.token .. "' \\",
    "    -d '{\"items\":600,\"Concurrency\":10,\"item_duration\":1}' " .. handle.url .. "/_fnf/map_runs",
    "", "Log: " .. handle.process.directory .. "/error.log. Ctrl-C ends it.",
  } do
    lines[#lines + 1] = line
  end
  return table.concat(lines, "\n") .. "\n"
end

-- As the command `fnf` ends with (`fnf help exit-codes`); Ctrl-C is what a standalone Lua makes an error of.
local USAGE, CONFIGURATION, INTERRUPTED = 2, 9, 130

-- Tells what keeps the emulator from running on this machine.
local function give_up(name, message)
  io.stderr:write(name, ": ", message, "\n")
  return CONFIGURATION
end

-- Prints a text at once; nil and why where nobody gets it.
local function print_out(text)
  local written, reason = io.stdout:write(text)
  if written then
    written, reason = io.stdout:flush()
  end
  return written, "cannot print: " .. tostring(reason)
end

--- Runs an emulator until it is interrupted.
---@param words string[] the options
---@param name? string what the command is called; "fnf emulator" by default
---@return integer status for the shell
function command.run(words, name)
  name = name or "fnf emulator"
  local help = usage:format(name)
  if words[1] == "--help" then
    local printed, why = print_out(help)
    return printed and 0 or give_up(name, why)
  end
  local options, message = parse(words)
  if not options then
    io.stderr:write(name, ": ", message, "\n\n", help)
    return USAGE
  end
  options, message = add_environment(options)
  if not options then
    return give_up(name, message)
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
    return give_up(name, message)
  end
  local printed, why = print_out(welcome(handle, options.sample))
  if not printed then
    handle:stop()
    return give_up(name, why)
  end
  -- Ctrl-C ends nginx, and then shows up here as an error of the standalone Lua.
  pcall(handle.wait, handle)
  handle:stop()
  return 0
end

return command
