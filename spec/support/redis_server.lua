--- A private Redis for specs: on a socket in a folder of its own, without a disk, ended by its process id.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local ports = require "fnf.emulator.ports"

local redis_server = {}

---@class fnf.RedisServer
---@field path string of its socket
---@field url string for fnf.share.redis
---@field pid string
---@field folder string
---@field tls_url? string of one that speaks TLS, without a password
---@field ca_file? string the authority that signed its certificate
local RedisServer = {}
RedisServer.__index = RedisServer

local PATIENCE = 10 -- seconds

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return (text:gsub("%s+$", ""))
end

--- Why no Redis can be had here, or nil.
---@return string|nil
function redis_server.missing()
  if output_of "command -v redis-server redis-cli" == "" then
    return "redis-server is not installed: .ci/deps share"
  elseif not pcall(require, "fnf.redis") then
    return "fnf.redis is not built: make redis"
  end
end

--- Wait until `done` says so.
---@param done fun(): any
---@return any
function redis_server.await(done)
  local ending = core.now() + PATIENCE
  local found = done()
  while not found and core.now() < ending do
    core.sleep(0.02)
    found = done()
  end
  return found
end

local function new_server(words)
  local folder = output_of "mktemp -d"
  local self = setmetatable({ folder = folder, path = folder .. "/redis.sock", words = words or "" }, RedisServer)
  self.url = "unix:" .. self.path
  return self
end

--- Start one, and wait until it answers.
---@param words? string further options of redis-server
---@return fnf.RedisServer
function redis_server.start(words)
  local self = new_server(words)
  self:start()
  return self
end

-- An authority, and a certificate for localhost.
local CERTIFICATES = [[
cd %s && exec 2>openssl.log
ec="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
openssl req -x509 $ec -days 2 -subj /CN=authority -keyout ca.key -out ca.pem -addext basicConstraints=critical,CA:TRUE
openssl req -new $ec -subj /CN=localhost -keyout server.key -out server.csr
echo subjectAltName=DNS:localhost >server.ext
openssl x509 -req -days 2 -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile server.ext -out server.pem
]]

--- Start one that also speaks TLS on a port, as localhost.
---@param words? string further options of redis-server
---@return fnf.RedisServer
function redis_server.start_tls(words)
  local self = new_server()
  os.execute(CERTIFICATES:format(self.folder))
  local port = ports.free_pair(self.folder)
  self.words = ("--bind 127.0.0.1 --tls-port %d --tls-cert-file %s/server.pem --tls-key-file %s/server.key "
    .. "--tls-ca-cert-file %s/ca.pem --tls-auth-clients no %s"):format(port, self.folder, self.folder, self.folder,
    words or "")
  self.tls_url, self.ca_file = "rediss://%slocalhost:" .. port, self.folder .. "/ca.pem"
  self:start()
  return self
end

--- Start it again, after its end.
function RedisServer:start()
  self.pid = output_of(("redis-server --port 0 --unixsocket %s --dir %s --save '' %s >%s/log 2>&1 & echo $!"):format(
    self.path, self.folder, self.words, self.folder))
  assert(redis_server.await(function()
    return self:cli("PING"):find("PONG") or self:cli("PING"):find("NOAUTH")
  end), "Redis does not start")
end

--- What redis-cli prints.
---@param words string quoted for a shell
---@return string
function RedisServer:cli(words)
  return output_of(("timeout 5 redis-cli -s %s 2>&1 %s"):format(self.path, words))
end

--- Send it a signal.
---@param name string such as "STOP"
function RedisServer:signal(name)
  os.execute(("kill -%s %s 2>/dev/null"):format(name, self.pid))
end

--- End it as a crash would.
function RedisServer:kill()
  self:signal("KILL")
  redis_server.await(function()
    return not self:cli("PING"):find("PONG")
  end)
end

--- End it, and remove what it left.
function RedisServer:stop()
  self:signal("CONT")
  self:signal("KILL")
  os.execute("rm -rf " .. self.folder)
end

return redis_server
