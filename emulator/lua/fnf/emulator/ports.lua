--- Free loopback ports, chosen without a socket library: below the ephemeral range and not listened on now.
-- SPDX-License-Identifier: MIT

local ports = {}

local FIRST, COUNT = 20000, 12000

local LISTENING = "0A"

local function taken()
  local busy = {}
  for _, name in ipairs { "/proc/net/tcp", "/proc/net/tcp6" } do
    local file = io.open(name)
    for line in file and file:lines() or function() end do
      local port, state = line:match "^%s*%d+:%s+%x+:(%x+)%s+%x+:%x+%s+(%x+)"
      if state == LISTENING then
        busy[tonumber(port, 16)] = true
      end
    end
    if file then
      file:close()
    end
  end
  return busy
end

--- Two different ports. Another process may still come first, so the caller must be ready to ask again.
---@param seed string other seeds start the search at other places
---@return integer port
---@return integer https_port
function ports.free_pair(seed)
  local start = 0
  for index = 1, #seed do
    start = (start * 31 + seed:byte(index)) % COUNT
  end
  local busy, found = taken(), {}
  for step = 0, COUNT - 1 do
    local port = FIRST + (start + step) % COUNT
    if not busy[port] then
      found[#found + 1] = port
    end
    if #found == 2 then
      break
    end
  end
  return found[1], found[2]
end

return ports
