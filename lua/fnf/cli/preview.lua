--- What a call sends and how it is signed, secrets masked: `--dry-run` and `--debug`.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local output = require "fnf.cli.output"

local preview = {}

local MASK = "***"
local SHORTEST = 4 -- bytes of a secret: a shorter one is none, and would be found in every other word
local STAGES = { "canonical_query", "signed_headers", "canonical_request", "string_to_sign" }
local STEPS = { "address", "connected", "TLS", "first byte", "end" }

---- masking ----

local function encode(text)
  return (text:gsub("[^%w%-%._~]", function(byte)
    return ("%%%02X"):format(byte:byte())
  end))
end

local function replace(text, secret, mask)
  local parts, at = {}, 1
  while true do
    local first, last = text:find(secret, at, true)
    if not first then
      parts[#parts + 1] = text:sub(at)
      return table.concat(parts)
    end
    parts[#parts + 1], at = text:sub(at, first - 1) .. mask, last + 1
  end
end

--- The text without keys, tokens and signatures; of the key's id its last four characters stay.
local function mask(client, params, text)
  local key = client.credentials_used or {}
  local id = key.access_key_id or ""
  text = text:gsub("(Signature=)[^&%s\"']+", "%1" .. MASK) -- first: a mask below might tear its name
  for _, secret in ipairs {
    { key.security_token }, { key.access_key_secret }, { params.TaskToken }, { params.OIDCToken },
    { id, #id > 8 and MASK .. id:sub(-4) or MASK },
  } do
    local value = secret[1]
    if type(value) == "string" and #value >= SHORTEST then
      for _ = 1, 3 do -- plain, in a query, and in the text that RPC signs
        text = replace(text, value, secret[2] or MASK)
        value = encode(value)
      end
    end
  end
  return text
end

---- the request ----

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function sorted(map)
  local names = {}
  for name in pairs(map) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function curl_line(request)
  local words = { "curl -X " .. request.method }
  for _, name in ipairs(sorted(request.headers)) do
    words[#words + 1] = "-H " .. quote(name .. ": " .. request.headers[name])
  end
  words[#words + 1] = request.body and "--data-raw " .. quote(request.body) or nil
  words[#words + 1] = quote(request.url)
  return table.concat(words, " ")
end

--- The request that some work sends first, or an error: there is no key. Nothing is sent but what a key needs.
---@param client fnf.Client
---@param params table of the call, for what is secret in them
---@param work fun() sends
---@return { method: string, url: string, headers: table<string, string>, body?: string, curl: string }|nil
---@return fnf.Error|nil
function preview.request(client, params, work)
  local platform = client:choose_platform()
  local key, err = client.provider:get(require("fnf.call.context").of { client = client, platform = platform,
    deadline = platform.now() + 60 })
  if not key then
    return nil, err
  end
  local sent
  client.transport = function(signed)
    sent = sent or signed
    return nil, errors.cancelled()
  end
  local done, problem = pcall(work)
  if not sent then
    return nil, not done and problem or errors.new { kind = "protocol", message = "nothing would be sent" }
  end
  local request = { method = sent.method, url = mask(client, params, sent.url), headers = {},
    body = sent.body and mask(client, params, sent.body) }
  for name, value in pairs(sent.headers) do
    request.headers[name] = mask(client, params, value)
  end
  request.curl = curl_line(request)
  return request
end

--- A request as text: as HTTP has it, and as a line of curl.
---@param request table as `preview.request` gives it
---@param format? string of `output`
---@return string
function preview.text(request, format)
  if format then
    return output.text(request, { format = format })
  end
  local lines = { request.method .. " " .. output.cell(request.url) }
  for _, name in ipairs(sorted(request.headers)) do
    lines[#lines + 1] = name .. ": " .. output.cell(request.headers[name])
  end
  lines[#lines + 1] = ""
  if request.body then
    lines[#lines + 1] = output.cell(request.body)
    lines[#lines + 1] = ""
  end
  lines[#lines + 1] = output.cell(request.curl)
  return table.concat(lines, "\n") .. "\n"
end

---- every attempt ----

local function times_of(client)
  local platform = client:choose_platform()
  local times, parts = platform.times and { platform.times() } or {}, {}
  for index, name in ipairs(STEPS) do
    if (times[index] or 0) > 0 then
      parts[#parts + 1] = ("%s after %.1f ms"):format(name, times[index] * 1000)
    end
  end
  return table.concat(parts, ", ")
end

--- Tell of each attempt on stderr how it was signed and how long its steps took.
---@param client fnf.Client
---@param params table of the call, for what is secret in them
function preview.debug(client, params)
  client.stages = {}
  client:listen(function(name, fields)
    if name ~= "response" then
      return
    end
    local lines = { ("fnf: %s, attempt %d: %s in %.1f ms"):format(fields.operation, fields.attempt,
      fields.status and "HTTP " .. fields.status or fields.error and fields.error.kind or "answered",
      fields.seconds * 1000) }
    for _, stage in ipairs(STAGES) do
      if client.stages[stage] then
        lines[#lines + 1] = "  " .. stage:gsub("_", " ") .. ":"
        for line in (client.stages[stage] .. "\n"):gmatch "([^\n]*)\n" do
          lines[#lines + 1] = "    " .. output.cell(mask(client, params, line))
        end
      end
    end
    local times = times_of(client)
    lines[#lines + 1] = times ~= "" and "  times: " .. times or nil
    client.stages = {}
    io.stderr:write(table.concat(lines, "\n"), "\n")
  end)
end

return preview
