--- `fnf doctor`: finds out what stands between this machine and the service, one finding a line with what to do.
-- SPDX-License-Identifier: MIT
--
-- It asks in the order in which a call needs things: settings, a key, addresses, a connection, the clock, and one
-- signed read (DescribeRegions). What cannot be looked at because something before it is missing is left out.

local errors = require "fnf.errors"
local exit = require "fnf.cli.exit"
local flags = require "fnf.cli.flags"
local output = require "fnf.cli.output"

local doctor = {}

---@class fnf.Finding
---@field name string what was looked at
---@field level "ok"|"warning"|"error"
---@field text string what was found; holds no secret
---@field advice? string what to do
---@field code? integer of an error: what the command ends with

local WIDTH = { level = 9, name = 12 }
local MOST_SKEW, SOME_SKEW = 900, 60 -- seconds: the service refuses a signature that old, and what is worth a word
local PROBE = { timeout = 10, connect_timeout = 5 } -- seconds

local function add(found, name, level, text, advice, code)
  found[#found + 1] = { name = name, level = level, text = text, advice = advice, code = code }
  return level ~= "error"
end

---- this machine ----

--- Versions of libcurl that work less well than others, from and to.
local KNOWN_FAULTS = {
  { 7083000, 8001000,
    "it reads freed memory of a handle that is used again (until 8.1.1); each request gets a new one" },
}

local function number_of(version)
  local major, minor, patch = version:match "^(%d+)%.(%d+)%.?(%d*)"
  return major and tonumber(major) * 1000000 + tonumber(minor) * 1000 + (tonumber(patch) or 0) or 0
end

local function look_at_versions(found)
  local language = rawget(_G, "jit") and rawget(_G, "jit").version or _VERSION
  local libcurl, tls = require("fnf.platform.plain").versions()
  local text = ("fnf %s, %s, libcurl %s, %s"):format(require("fnf.client").VERSION, language, libcurl, tls)
  for _, fault in ipairs(KNOWN_FAULTS) do
    local version = number_of(libcurl)
    if version >= fault[1] and version <= fault[2] then
      text = ("%s; of this libcurl is known: %s"):format(text, fault[3])
    end
  end
  add(found, "versions", "ok", text)
end

local function look_at_locale(found)
  local locale = os.getenv "LC_ALL" or os.getenv "LC_CTYPE" or os.getenv "LANG" or ""
  if locale:upper():find "UTF%-?8" then
    return add(found, "locale", "ok", locale)
  end
  add(found, "locale", "warning", locale == "" and "none is set" or locale .. " is no UTF-8 locale",
    "set LANG=C.UTF-8, or names in other scripts may not be shown; numbers and signatures do not depend on it")
end

--- The proxy that libcurl would take, by the names it knows.
local function find_proxy(scheme)
  for _, name in ipairs(scheme == "https" and { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" }
    or { "http_proxy", "all_proxy", "ALL_PROXY" }) do
    local value = os.getenv(name)
    if value and value ~= "" then
      return name, (value:gsub("^(%a[%w+.-]*://).*@", "%1"):gsub("^[^/@]*@", ""))
    end
  end
end

local function look_at_proxy(found, target)
  local name, proxy = find_proxy(target.url:match "^%a+")
  if target.loopback or not name then
    return add(found, "proxy", "ok", target.loopback and name and "none, for the endpoint is this machine" or "none")
  end
  add(found, "proxy", "warning", ("requests go through %s (%s)"):format(proxy, name),
    "if the service cannot be reached, unset it, or set no_proxy=" .. target.host:gsub(":%d+$", ""))
  return proxy
end

---- the key ----

local function look_at_key(found, client, platform)
  local call = { client = client, platform = platform, deadline = platform.now() + 30 }
  local key, err = client.provider:get(require("fnf.call.context").of(call))
  if not key then
    for line in (err.details or err.message):gmatch "[^\n]+" do
      add(found, "key", "warning", (line:gsub("^%s+", "")))
    end
    found[#found] = nil -- the last line says what to do, the first that there is none
    return add(found, "key", "error", "no source gives one",
      "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or name a profile by --profile",
      exit.of_error(err))
  end
  for _, other in ipairs(key.passed_over or {}) do
    add(found, "key", "ok", ("not from %s: %s"):format(other.name, other.err.message))
  end
  local id = key.access_key_id
  return add(found, "key", "ok", ("from %s, its id ends with %s%s"):format(key.source or client.provider.source.name,
    #id > 8 and id:sub(-4) or "...", key.security_token and ", temporary" or ""))
end

---- the network ----

local function look_at_addresses(found, target, proxy)
  local host = target.host:gsub(":%d+$", ""):gsub("^%[(.*)%]$", "%1")
  local addresses, _, reason = require("fnf.platform.plain").resolve(host)
  if not addresses then
    local text = ("%s has no address: %s"):format(host, reason)
    if proxy then
      return add(found, "addresses", "ok", text .. "; the proxy has to know it")
    end
    return add(found, "addresses", "error", text,
      "check the region and --endpoint, then this machine's name servers (/etc/resolv.conf)", exit.NETWORK)
  end
  local by_family = { {}, {} }
  for _, address in ipairs(addresses) do
    local family = by_family[address:find(":", 1, true) and 2 or 1]
    family[#family + 1] = address
  end
  local function told(family)
    return #family > 0 and table.concat(family, " ") or "none"
  end
  return add(found, "addresses", "ok", ("%s: IPv4 %s; IPv6 %s"):format(host, told(by_family[1]), told(by_family[2])))
end

local CONNECTION_ADVICE = {
  network = "is the port open towards it? try `curl -v URL`; a firewall or a proxy may be between",
  timeout = "nothing answers: a firewall drops the packets, or the address is wrong",
  tls = "give the right authorities by --ca-file or FNF_CA_FILE; behind a proxy that opens TLS, its own",
}

--- One request without a signature: whatever answers has been reached. Its Date is the service's clock.
local function look_at_connection(found, target, platform, ca_file)
  local answer, err = platform.send { method = "GET", url = target.url .. "/", headers = {}, timeout = PROBE.timeout,
    connect_timeout = PROBE.connect_timeout, direct = target.loopback }
  if not answer then
    local advice = (CONNECTION_ADVICE[err.kind] or CONNECTION_ADVICE.network):gsub("URL", target.url)
    return add(found, "connection", "error", flags.tell(err.message), advice, exit.NETWORK)
  end
  if target.url:find "^https:" then
    add(found, "connection", "ok", ("%s answers over TLS; its certificate is signed by an authority of %s"):format(
      target.host, ca_file or "this system"))
  else
    add(found, "connection", target.loopback and "ok" or "warning", target.host .. " answers, without TLS",
      not target.loopback and "use https://, so that nobody reads or changes what is sent" or nil)
  end
  return true, require("fnf.call.response").header(answer.headers, "date")
end

local function look_at_clock(found, date, platform)
  local at = require("fnf.time").from_http(date)
  if not at then
    return add(found, "clock", "warning", "the answer had no date to compare with")
  end
  local off = platform.time() - at
  local text = ("%.0f s %s the service's"):format(math.abs(off), off < 0 and "behind" or "ahead of")
  if math.abs(off) > SOME_SKEW then
    return add(found, "clock", "warning", text, math.abs(off) > MOST_SKEW
      and "set this machine's clock: a signature this far off is refused once, then made again by the service's clock"
      or "set this machine's clock")
  end
  add(found, "clock", "ok", text)
end

local REFUSALS = {
  [exit.CREDENTIALS] = "the key is wrong, has ended, or may not call DescribeRegions",
  [exit.THROTTLED] = "somebody else uses the account's quota; wait a little",
  [exit.NETWORK] = "the connection broke; try again",
}

local function look_at_service(found, client)
  local answer, err = client:describe_regions({}, { timeout = 30 })
  if answer then
    return add(found, "service", "ok", "DescribeRegions was signed, sent and answered")
  end
  local code = exit.of_error(err)
  add(found, "service", "error", flags.tell(err), REFUSALS[code] or "the text above is what the service says", code)
end

---- nginx ----

--- Environment variables that nginx hides from its workers unless its configuration names them.
local VARIABLES = { "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN",
  "ALIBABA_CLOUD_REGION_ID", "ALIBABA_CLOUD_PROFILE", "ALIBABA_CLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_ROLE_ARN",
  "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_ECS_METADATA", "FNF_ENDPOINT",
  "FNF_CA_FILE", "HOME" }

--- A configuration's directives: a list of values by name. Comments and quotes are nginx' own.
local function read_directives(text)
  local directives, words, at = {}, {}, 1
  while at <= #text do
    local byte = text:sub(at, at)
    if byte:find "%s" then
      at = text:find("%S", at) or #text + 1
    elseif byte == "#" then
      at = text:find("\n", at, true) or #text + 1
    elseif byte:find "[;{}]" then
      if words[1] then
        local list = directives[words[1]] or {}
        directives[words[1]], list[#list + 1] = list, table.concat(words, " ", 2)
      end
      words, at = {}, at + 1
    elseif byte:find "[\"']" then
      local ending = text:find(byte, at + 1, true) or #text
      words[#words + 1], at = text:sub(at + 1, ending - 1), ending + 1
    else
      local ending = text:find("[%s;{}]", at) or #text + 1
      words[#words + 1], at = text:sub(at, ending - 1), ending
    end
  end
  return directives
end

--- Look at the text of an nginx configuration.
---@param found fnf.Finding[] gets what is found
---@param text string
---@param getenv fun(name: string): string|nil
function doctor.look_at_nginx(found, text, getenv)
  local directives = read_directives(text)
  local function need(name, level, advice)
    if directives[name] then
      return add(found, name, "ok", directives[name][1])
    end
    add(found, name, level, "is missing", advice, level == "error" and exit.CONFIGURATION or nil)
  end
  need("resolver", "error", "add `resolver 127.0.0.53;`, or your name server: nginx finds no address without it")
  need("lua_ssl_trusted_certificate", "error",
    "add `lua_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;`: no certificate is trusted without it")
  need("lua_shared_dict", "warning", "add `lua_shared_dict fnf 1m;` if MapRuns are watched")
  local named, hidden = {}, {}
  for _, value in ipairs(directives.env or {}) do
    named[value:match "^[^=]*"] = true
  end
  for _, name in ipairs(VARIABLES) do
    if (getenv(name) or "") ~= "" and not named[name] and name ~= "HOME" then
      hidden[#hidden + 1] = name
    end
  end
  if #hidden > 0 then
    add(found, "env", "warning", "workers do not see " .. table.concat(hidden, ", "),
      "add at the top `env " .. table.concat(hidden, "; env ") .. ";`")
  else
    add(found, "env", "ok", directives.env and table.concat(directives.env, ", ") or "no variable of ours is set here")
  end
  local unread = {}
  for _, value in ipairs(directives.include or {}) do
    unread[#unread + 1] = not value:find "mime%.types$" and value or nil
  end
  if #unread > 0 then
    add(found, "include", "warning", "not read: " .. table.concat(unread, ", "), "see the whole: nginx -T | fnf doctor "
      .. "--nginx -")
  end
end

local function look_at_file(found, path)
  local text, reason
  if path == "-" then
    text = io.read "*a"
  else
    local file
    file, reason = io.open(path, "rb")
    if file then
      text, reason = file:read "*a"
      file:close()
    end
  end
  if not text then
    return add(found, "nginx", "error", tostring(reason), "name the configuration's file", exit.CONFIGURATION)
  end
  doctor.look_at_nginx(found, text, os.getenv)
end

---- all of it ----

--- Examine this machine, or an nginx configuration.
---@param options { region?: string, endpoint?: string, profile?: string, ca_file?: string, nginx?: string }
---@param make_client fun(options: table): fnf.Client raises what is wrong with the options
---@return fnf.Finding[]
function doctor.examine(options, make_client)
  local found = {}
  if options.nginx then
    look_at_file(found, options.nginx)
    return found
  end
  look_at_versions(found)
  look_at_locale(found)
  local made, client = pcall(make_client, options)
  if not made and errors.is_interrupt(client) then
    error(client, 0)
  elseif not made then
    add(found, "settings", "error", (flags.tell(client):gsub("^[^%s:]+:%d+: ", ""):gsub("^fnf%.new: ", "")),
      "see fnf --help: a region is given by --region, a profile or ALIBABA_CLOUD_REGION_ID", exit.CONFIGURATION)
    return found
  end
  local target, platform = client.target.endpoint, client:choose_platform()
  add(found, "endpoint", target.doubt and "warning" or "ok", target.url, target.doubt)
  local proxy = look_at_proxy(found, target)
  local has_key = look_at_key(found, client, platform)
  if look_at_addresses(found, target, type(proxy) == "string" and proxy) then
    local reached, date = look_at_connection(found, target, platform,
      require("fnf.platform.plain").ca_file(options.ca_file))
    if reached then
      look_at_clock(found, date, platform)
      if has_key then
        look_at_service(found, client)
      end
    end
  end
  client:close()
  return found
end

--- The findings as text, or in one of the formats of `output`.
---@param found fnf.Finding[]
---@param options { format?: string, fields?: string[] }
---@return string
function doctor.text(found, options)
  if options.format or options.fields then
    return output.text({ Findings = found }, { format = options.format, items = "Findings",
      fields = options.fields or options.format == "table" and { "level", "name", "text", "advice" } or nil })
  end
  local lines = {}
  for _, one in ipairs(found) do
    local head = one.level .. (" "):rep(WIDTH.level - #one.level) .. one.name
    lines[#lines + 1] = head .. (" "):rep(math.max(2, WIDTH.level + WIDTH.name - #head)) .. output.cell(one.text)
    if one.advice then
      lines[#lines + 1] = (" "):rep(WIDTH.level + WIDTH.name) .. "-> " .. output.cell(one.advice)
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

--- What the command ends with: the code of the first error.
---@param found fnf.Finding[]
---@return integer
function doctor.code(found)
  for _, one in ipairs(found) do
    if one.level == "error" then
      return one.code or exit.CONFIGURATION
    end
  end
  return exit.OK
end

return doctor
