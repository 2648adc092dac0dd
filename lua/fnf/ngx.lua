--- What only nginx has: MapRuns watched in the background for all workers, and a page that shows them.
-- SPDX-License-Identifier: MIT

---@type fnf.ngx
local inside = {
  watch = require("fnf.ngx.watch").start,
  status = require("fnf.ngx.status").serve,
}

return inside
