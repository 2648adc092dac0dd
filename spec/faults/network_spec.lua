--- What a network does to a client: network.lua in a namespace of its own, with a packet filter, over both transports.
-- SPDX-License-Identifier: MIT

local cjson = require("cjson").new()

local shell = require "fnf.emulator.shell"

local function interpreter()
  local found = "lua"
  for i = -1, -20, -1 do
    found = arg[i] or found
  end
  return found
end

--- Why no network of our own can be had here, or nil.
local function reason_against()
  local done, said = shell.run(
    "unshare -mn sh -c 'ip link set lo up && iptables -I INPUT -p tcp --sport 9 -j DROP && "
      .. "ip6tables -I INPUT -p tcp --sport 9 -j DROP && ip -6 addr show lo | grep -q ::1' 2>&1")
  return not done and "needs root, unshare, ip, iptables and ip6tables: " .. tostring(said):match "[^\n]*" or nil
end

describe("in a network of its own", function()
  local outcomes, problem

  setup(function()
    problem = reason_against()
    if problem then
      return
    end
    local done, text = shell.run('outside=$(readlink /proc/self/ns/mnt); LUA_PATH="$1" LUA_CPATH="$2" '
      .. 'timeout 120 unshare -mn "$3" spec/faults/network.lua "$outside" 2>&1',
      "./?.lua;" .. package.path, package.cpath, interpreter())
    assert(done, text)
    outcomes = cjson.decode(text)
  end)

  for _, transport in ipairs { "libcurl", "cosockets" } do
    local function row(name, title, check)
      it(("over %s %s"):format(transport, title), function()
        if problem then
          return pending(problem)
        end
        check(outcomes[transport][name])
      end)
    end

    row("idle_dropped", "a connection that was dropped in silence while it idled costs one attempt", function(seen)
      assert.equal("Running", seen.before.Status, seen.before.text)
      assert.equal("Running", seen.after.Status, seen.after.text)
      assert.not_equal(seen.before.RequestId, seen.after.RequestId)
      assert.is_true(seen.after.seconds >= 1, "the packets were not dropped")
    end)

    row("syn_swallowed", "a host that swallows every SYN is a timeout, with nothing sent, and no wait ends by it",
      function(seen)
        assert.same({ "timeout", false, true }, { seen.during.kind, seen.during.sent, seen.during.retryable })
        assert.equal("Running", seen.after.Status, seen.after.text)
      end)

    row("address_changes", "a service that moves to another address is found within a few attempts", function(seen)
      assert.matches("^127%.0%.0%.2 ", seen.before.RequestId, nil, seen.before.text)
      assert.equal("Running", seen.after.Status, seen.after.text)
      assert.matches("^127%.0%.0%.3 ", seen.after.RequestId)
    end)

    row("family_refuses", "a name of which only one family answers is reached", function(seen)
      assert.matches("^::1 ", seen.answer.RequestId, nil, seen.answer.text)
    end)

    for name, title in pairs { new_family_broken = "IPv6", old_family_broken = "IPv4" } do
      row(name, ("a name is reached although %s is broken, whose packets go nowhere"):format(title), function(seen)
        assert.equal("Running", seen.answer.Status, seen.answer.text)
        assert.equal(seen.good, seen.answer.RequestId:match "^%S+")
        assert.is_true(seen.answer.seconds < 4)
      end)
    end
  end
end)
