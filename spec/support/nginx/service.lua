--- A CloudFlow of few answers, in an nginx of its own: any MapRun is Running, RequestId is FlowName and who asks; a
-- look at an execution is held for 0.4 s at most, then it has Succeeded.
-- SPDX-License-Identifier: MIT

local nginx = require "spec.support.nginx.server"

local service = {}

local CONFIGURATION = [[
  server {
    listen 127.0.0.1:$port;
    listen 127.0.0.1:$other ssl;
    ssl_certificate $directory/server.pem;
    ssl_certificate_key $directory/server.key;
    ssl_client_certificate $directory/ca.pem;
    ssl_verify_client optional;
    add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
    location /ready { return 200; }
    location / {
      content_by_lua_block {
        local args = ngx.req.get_uri_args()
        if args.Action == "DescribeExecution" then
          ngx.sleep(math.min(tonumber(args.WaitTimeSeconds), 0.4))
          local text = ('{"Status":"Succeeded","Name":"%s","RequestId":"r"}'):format(args.ExecutionName)
          ngx.header["Content-Length"] = #text
          return ngx.print(text)
        end
        ngx.sleep(tonumber(args.RequestId and args.RequestId:match "^sleep(.+)$") or 0.001)
        local text = ('{"Status":"Running","MapRunName":"%s","RequestId":"%s %s"}'):format(args.MapRunName or "",
          args.FlowName or "", ngx.var.ssl_client_s_dn or "-")
        ngx.header["Content-Length"] = #text
        ngx.print(text)
      }
    }
  }
]]

-- An authority, one below it that signs the server's certificate, and a client certificate.
local CERTIFICATES = [[
set -e
cd "$1"
ec="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
openssl req -x509 $ec -days 30 -subj "/CN=root" -keyout ca.key -out ca.pem -addext basicConstraints=critical,CA:TRUE
sign() {
  openssl req -new $ec -subj "/CN=$1" -keyout $1.key -out $1.csr
  printf '%s\n' "$3" >$1.ext
  openssl x509 -req -days 30 -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -extfile $1.ext -out $1.pem
}
sign middle ca basicConstraints=critical,CA:TRUE
sign server middle subjectAltName=DNS:localhost
cat middle.pem >>server.pem
sign client ca basicConstraints=CA:FALSE
]]

--- Start it. Its directory has ca.pem, and client.pem with client.key; $other is the port of TLS, for "localhost".
function service.start()
  return nginx.start { http = CONFIGURATION, prepare = CERTIFICATES }
end

return service
