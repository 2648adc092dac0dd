--- The request at hand, read once from nginx into a plain table.
-- SPDX-License-Identifier: MIT

local form = require("fnf.emulator.form")

local incoming = {}

---@class fnf.emulator.Request
---@field method string
---@field path string
---@field query_pairs string[] name, value, name, value, ... as signed
---@field query table<string, string> the first value of each name
---@field form_pairs string[] empty unless the body is a form
---@field form table<string, string>
---@field header_pairs string[]
---@field header table<string, string> by lower-case name, the first of each
---@field body string
---@field size integer bytes of query and body
---@field host string

local function headers()
  local list, first = {}, {}
  for name, value in pairs(ngx.req.get_headers(0)) do
    for _, text in ipairs(type(value) == "table" and value or { value }) do
      list[#list + 1], list[#list + 2] = name, text
      first[name] = first[name] or text
    end
  end
  return list, first
end

--- Reads the request that this phase serves.
---@return fnf.emulator.Request
function incoming.read()
  ngx.req.read_body()
  local body = ngx.req.get_body_data() or ""
  local header_pairs, header = headers()
  local is_form = (header["content-type"] or ""):lower():find("^application/x%-www%-form%-urlencoded")
  local query_pairs, query = form.parse(ngx.var.args)
  local form_pairs, fields = form.parse(is_form and body or nil)
  return {
    method = ngx.var.request_method, path = ngx.var.uri, host = header.host or "",
    query_pairs = query_pairs, query = query, form_pairs = form_pairs, form = fields,
    header_pairs = header_pairs, header = header,
    body = body, size = #(ngx.var.args or "") + #body,
  }
end

return incoming
