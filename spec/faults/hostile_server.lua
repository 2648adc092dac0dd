--- The hostile server, inside nginx: it answers with the bytes of a row of answers.lua, whose name comes as FlowName.
-- SPDX-License-Identifier: MIT

local scripted = { nonces = {}, heads = {} } -- of the requests that came

local rows = {}
for _, row in ipairs(require "spec.faults.answers") do
  rows[row.name] = row
end

--- Placeholder of the bodies: which connection, and which request on it.
local PLACE = "00000000%-00"

local function play(sock, row, place)
  for _, step in ipairs(row.script) do
    if type(step) == "number" then
      ngx.sleep(step)
    elseif not sock:send((step:gsub(PLACE, place))) then
      return
    end
  end
end

local function next_row(sock)
  local head = sock:receiveuntil "\r\n\r\n" ()
  local name = head and head:match "FlowName=([^& ]+)"
  scripted.heads[#scripted.heads + 1] = head
  scripted.nonces[#scripted.nonces + 1] = head and head:match "SignatureNonce=([^& ]+)"
  return name and rows[ngx.unescape_uri(name)]
end

--- Serve every request of this connection.
function scripted.serve()
  local row = rows[ngx.unescape_uri(ngx.var.arg_FlowName or "")]
  if not row then
    return ngx.exit(404)
  elseif row.reset then
    return ngx.exec "@reset"
  end
  scripted.nonces[#scripted.nonces + 1] = ngx.var.arg_SignatureNonce
  scripted.heads[#scripted.heads + 1] = ngx.req.raw_header()
  local sock = assert(ngx.req.socket(true))
  sock:settimeout(5000)
  local count = 0
  repeat
    count = count + 1
    play(sock, row, ("%08d-%02d"):format(ngx.var.connection, count))
    if row.hang then
      sock:receive(1)
    end
    local following = (row.keep or row.deaf) and next_row(sock) or nil
    row = not row.deaf and following or nil
  until not row
end

return scripted
