--- Prints a software bill of materials (CycloneDX 1.5, JSON) of the rocks: `lua spec/supply/sbom.lua`.
-- SPDX-License-Identifier: MIT
--
-- Out of the rockspecs: each rock, the Lua that it needs, the C libraries of its external_dependencies. lua-cjson is
-- needed and not listed there (the rockspec says why), so it stands here. Nothing in it changes from run to run.

local output = require "fnf.cli.output"

local ROCKS = { "fnf-scm-1.rockspec", "emulator/fnf-emulator-scm-1.rockspec", "lua/fnf/cli/fnf-cli-scm-1.rockspec",
  "lua/fnf/share/fnf-redis-scm-1.rockspec" }
local LIBRARIES = { crypto = { "openssl", ">=3" }, curl = { "libcurl", ">=7.70" }, hiredis = { "hiredis", ">=0.14" } }

local function read_rock(path)
  local rock = {}
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  local loaded = assert((loadstring or load)(text, "=" .. path, "t", rock)) -- luacheck: ignore 113
  if setfenv then -- luacheck: ignore 113
    setfenv(loaded, rock) -- luacheck: ignore 113
  end
  loaded()
  return rock
end

local components, dependencies = {}, {}
local seen = {}

local function add(reference, component)
  if not seen[reference] then
    seen[reference] = true
    component["bom-ref"] = reference
    components[#components + 1] = component
  end
  return reference
end

add("cjson", { type = "library", name = "lua-cjson", version = "*" })
for _, path in ipairs(ROCKS) do
  local rock = read_rock(path)
  local needs = { "cjson" }
  for _, line in ipairs(rock.dependencies or {}) do
    local name, version = line:match "^(%S+)%s*(.*)$"
    needs[#needs + 1] = name:find "^fnf" and name or add(name, { type = "library", name = name, version = version })
  end
  for _, library in pairs(rock.external_dependencies or {}) do
    local known = assert(LIBRARIES[library.library], "a library that sbom.lua does not know: " .. library.library)
    needs[#needs + 1] = add(known[1], { type = "library", name = known[1], version = known[2] })
  end
  table.sort(needs)
  add(rock.package, { type = "library", name = rock.package, version = rock.version,
    licenses = { { license = { id = rock.description.license } } } })
  dependencies[#dependencies + 1] = { ref = rock.package, dependsOn = needs }
end
table.sort(components, function(one, other) return one["bom-ref"] < other["bom-ref"] end)

io.write(output.text({ bomFormat = "CycloneDX", specVersion = "1.5", version = 1, components = components,
  dependencies = dependencies }, { format = "json" }))
