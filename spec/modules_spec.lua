--- The two shared objects: what they export and what they are linked with.
-- SPDX-License-Identifier: MIT

--- The file that `require` loads for a C module.
local function file_of(name)
  for template in package.cpath:gmatch("[^;]+") do
    local path = template:gsub("%?", (name:gsub("%.", "/")))
    local file = io.open(path, "rb")
    if file then
      file:close()
      return path
    end
  end
  error("no " .. name .. " in " .. package.cpath)
end

local function output_of(command, path)
  local pipe = assert(io.popen(("%s '%s'"):format(command, path)))
  local text = pipe:read("*a")
  pipe:close()
  assert.is_true(#text > 0, command)
  return text
end

for name, row in pairs {
  ["fnf.core"] = { entry = "luaopen_fnf_core", needs = "libcrypto", never = "libcurl" },
  ["fnf.curl"] = { entry = "luaopen_fnf_curl", needs = "libcurl", never = "libcrypto" },
} do
  describe("the shared object of " .. name, function()
    it("exports its entry point and nothing else", function()
      local exported = {}
      for symbol in output_of("nm -D --defined-only", file_of(name)):gmatch(" [A-Z] ([^\n@]+)") do
        exported[#exported + 1] = symbol
      end
      assert.same({ row.entry }, exported)
    end)

    it("is linked with the one library it is for", function()
      local needed = output_of("readelf -d", file_of(name))
      assert.matches(row.needs, needed, 1, true)
      assert.is_nil(needed:find(row.never, 1, true))
      assert.is_nil(needed:find("liblua", 1, true))
    end)

    it("sets no global", function()
      local globals = {}
      for key in pairs(_G) do
        globals[key] = true
      end
      package.loaded[name] = nil
      assert.is_table(require(name))
      for key in pairs(_G) do
        assert.is_true(globals[key], key)
      end
    end)
  end)
end
