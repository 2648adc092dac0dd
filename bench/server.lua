-- The bench's server: nginx on loopback, HTTP and HTTPS, with a throw-away authority beside copies of the system's.
-- SPDX-License-Identifier: MIT

local server = {}

local SYSTEM_CERTS = "/etc/ssl/certs"

local function shell(command, ...)
  local line = command:format(...)
  local done, _, status = os.execute(line)
  assert(done == true or done == 0, ("failed (%s): %s"):format(tostring(status), line))
end

local function exists(path)
  local file = io.open(path, "rb")
  return file ~= nil and file:close() ~= nil
end

local EC = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"

local function make_certificates(folder)
  shell("openssl req -x509 %s -days 2 -subj '/CN=fnf bench' -keyout %s/ca.key -out %s/ca.pem 2>%s/log", EC, folder,
    folder, folder)
  shell("openssl req %s -subj /CN=127.0.0.1 -keyout %s/server.key -out %s/server.csr 2>%s/log", EC, folder, folder,
    folder)
  shell("printf 'subjectAltName=IP:127.0.0.1' > %s/san", folder)
  shell("openssl x509 -req -days 2 -in %s/server.csr -CA %s/ca.pem -CAkey %s/ca.key -CAcreateserial " ..
    "-extfile %s/san -out %s/server.pem 2>%s/log", folder, folder, folder, folder, folder, folder)
end

--- Copies of the system's folder and bundle, ours added to both; nil where the system has no such pair.
local function copy_authorities(folder)
  if not exists(SYSTEM_CERTS .. "/ca-certificates.crt") then
    return nil
  end
  local certs = folder .. "/certs"
  shell("cp -rL %s %s 2>%s/log || true", SYSTEM_CERTS, certs, folder)
  shell("cat %s/ca.pem >> %s/ca-certificates.crt", folder, certs)
  shell("cp %s/ca.pem %s/$(openssl x509 -noout -hash -in %s/ca.pem).0", folder, certs, folder)
  return certs
end

local function write_config(folder, ports)
  local from, to = assert(io.open("bench/nginx.conf")), assert(io.open(folder .. "/nginx.conf", "w"))
  local text = from:read("*a"):gsub("FOLDER", folder)
  to:write((text:gsub("PLAIN", ports[1]):gsub("TLS ssl", ports[2] .. " ssl"):gsub("KEPT", ports[3])))
  from:close()
  to:close()
end

--- Start it in an empty folder.
---@param folder string absolute
---@return { plain: string, tls: string, kept: string, authority: string, certs?: string } where it answers; `kept`: by
---  TLS over connections that stay, as the file of that authority lets one verify
function server.start(folder)
  shell("rm -rf %s && mkdir -p %s", folder, folder)
  make_certificates(folder)
  local certs = copy_authorities(folder)
  for _ = 1, 10 do
    local port = math.random(20000, 29997)
    write_config(folder, { port, port + 1, port + 2 })
    local done = os.execute(("nginx -p %s -c %s/nginx.conf 2>%s/log"):format(folder, folder, folder))
    if done == true or done == 0 then
      return { plain = "http://127.0.0.1:" .. port, tls = "https://127.0.0.1:" .. port + 1,
        kept = "https://127.0.0.1:" .. port + 2, authority = folder .. "/ca.pem", certs = certs }
    end
  end
  error("nginx does not start: see " .. folder .. "/log")
end

function server.stop(folder)
  shell("kill $(cat %s/nginx.pid)", folder)
end

return server
