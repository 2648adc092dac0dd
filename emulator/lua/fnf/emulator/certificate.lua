--- A throw-away certificate authority and the server certificate it signs, made by the openssl command.
-- SPDX-License-Identifier: MIT

local certificate = {}

-- The CA's key is dropped at once: nothing else will ever be signed with it.
local script = [[
set -e
cd "$1"
ec="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
openssl req -x509 $ec -days 30 -subj "/CN=fnf emulator CA" -keyout ca.key -out ca.pem \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
openssl req -new $ec -subj "/CN=localhost" -keyout server.key -out server.csr
printf '%s\n' 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1' 'basicConstraints=CA:FALSE' \
  'keyUsage=digitalSignature' 'extendedKeyUsage=serverAuth' >server.ext
openssl x509 -req -days 30 -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile server.ext -out server.pem
rm -f ca.key ca.srl server.csr server.ext
]]

--- Writes ca.pem, server.pem and server.key into the directory.
---@param shell fun(script: string, ...: string): boolean, string runs a script, gives success and all it printed
---@param directory string
---@return true? done
---@return string? message
function certificate.write(shell, directory)
  local done, printed = shell(script, directory)
  if done then return true end
  return nil, "openssl could not make a certificate: " .. printed
end

return certificate
