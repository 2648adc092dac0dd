--- Region and network, or an address of the caller's, to the host that is asked.
-- SPDX-License-Identifier: MIT

local ascii = require "fnf.ascii"
local nearest = require "fnf.nearest"

local endpoint = {}

---@class fnf.Endpoint
---@field url string scheme and host, without a slash at the end
---@field doubt? string why the region may be misspelt
---@field loopback? boolean this machine
---@field host string as it stands in the Host header: with the port unless it is the scheme's own

--- The documented hosts (API.md section 2). The vendor's SDK builds others for regions it does not know, and nothing
--- shows that those resolve.
local PATTERNS = { public = "%s.fnf.aliyuncs.com", vpc = "%s-internal.fnf.aliyuncs.com" }
local PORTS = { http = 80, https = 443 }

--- The documented regions (section 2). Others may exist, so none is refused.
endpoint.regions = {
  ["cn-hangzhou"] = "China (Hangzhou)",
  ["cn-shanghai"] = "China (Shanghai)",
  ["cn-beijing"] = "China (Beijing)",
  ["cn-qingdao"] = "China (Qingdao)",
  ["cn-shenzhen"] = "China (Shenzhen)",
  ["ap-southeast-1"] = "Singapore",
  ["us-west-1"] = "US (Silicon Valley)",
}

--- The endpoint of a region.
---@param region string such as "cn-hangzhou"; others than the documented ones are allowed
---@param network? "public"|"vpc"
---@return fnf.Endpoint
function endpoint.of_region(region, network)
  local host = PATTERNS[network or "public"]:format(region)
  local meant = not endpoint.regions[region] and nearest.find(region, endpoint.regions)
  local doubt = meant and ("region %s is not documented; did you mean %s?"):format(region, meant) or nil
  return { url = "https://" .. host, host = host, doubt = doubt }
end

local LOOPBACK = { localhost = true, ["[::1]"] = true }

--- Whether an authority (host, with or without a port) is this machine: 127.0.0.999 is a name, and 127.0.0.010 is read
--- as another number by some.
---@param authority string
---@return boolean
function endpoint.is_loopback(authority)
  local host = ascii.lower(authority:match("^(.*):%d+$") or authority)
  local octets = { host:match("^127%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$") }
  for _, octet in ipairs(octets) do
    if tonumber(octet) > 255 or octet:find("^0%d") then
      return false
    end
  end
  return LOOPBACK[host] or octets[1] ~= nil
end

local function split(address)
  local scheme, rest = address:match("^(%a+)://(.*)$")
  local authority, path = (rest or address):match("^([^/?#]*)(.*)$")
  return (scheme or "https"):lower(), authority, path
end

local function split_port(authority)
  local host, port = authority:match("^(.*):(%d+)$")
  host = host or authority
  if host:find("^[%w.-]+$") or host:find("^%[[%x:.]+%]$") then
    return host, tonumber(port)
  end
end

--- The endpoint of an address: a URL, or a host alone, which means https. http has to be written out.
---@param address string
---@return fnf.Endpoint|nil
---@return string|nil problem what is wrong with it, without the address
function endpoint.of_address(address)
  local scheme, authority, path = split(address)
  if address:find("[%c%s]") then
    return nil, "holds a blank or control character"
  elseif not PORTS[scheme] then
    return nil, "must begin with https:// or http://"
  elseif authority:find("@", 1, true) then
    return nil, "must not carry user info; give the key as access_key_id and access_key_secret"
  elseif path ~= "" and path ~= "/" then
    return nil, "must be scheme and host only, without path or query"
  end
  local host, port = split_port(authority)
  if not host or not host:find("[%w:]") or (port and (port < 1 or port > 65535)) then
    return nil, "is not a URL such as https://cn-hangzhou.fnf.aliyuncs.com"
  end
  host = ascii.lower(host)
  if port and port ~= PORTS[scheme] then
    host = ("%s:%d"):format(host, port)
  end
  return { url = scheme .. "://" .. host, host = host, loopback = endpoint.is_loopback(host) or nil }
end

return endpoint
