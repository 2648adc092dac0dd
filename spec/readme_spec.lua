--- What the README, docs/ and the classes for editors say of the operations, methods and options, held against them.
-- SPDX-License-Identifier: MIT

local documents = require "spec.support.documents"
local methods = require "fnf.methods"
local operation_types = require "spec.support.operation_types"
local operations_page = require "spec.support.operations_page"

local read = documents.read

--- All pages in one text: an option may be described in any of them.
local function everything()
  local texts = {}
  for i, path in ipairs(documents.pages()) do
    texts[i] = read(path)
  end
  return table.concat(texts, "\n")
end

describe("the documentation", function()
  it("has the page of operations that the rows give: `make rows` writes it anew", function()
    assert.equal(operations_page.text(), read "docs/operations.md")
  end)

  it("has a section and a sample of every operation", function()
    local text = read "docs/operations.md"
    for name in pairs(require "fnf.operations") do
      local section = text:match("\n### `" .. name .. "`\n(.-)\n```\n")
      assert.truthy(section and section:find("fnf." .. name .. " {", 1, true), name)
    end
  end)

  it("names every public method", function()
    local text = everything()
    for name in pairs(methods.rows) do
      assert.truthy(text:find("[^%w_]" .. name .. "[^%w_]"), name)
    end
  end)

  it("has every option of fnf.new, of a call and of a wait in a table, and none by a former name", function()
    local text = read "docs/options.md"
    for _, options in ipairs { require("fnf.settings").options, methods.call_options, methods.rows.wait_map_run.options,
      methods.rows.wait_map_runs.options, methods.rows.run.options } do
      for name in pairs(options) do
        assert.truthy(text:find("`" .. name .. "`", 1, true) or text:find("`" .. name .. " = ", 1, true), name)
      end
    end
    text = everything()
    for _, former in ipairs { "`deadline`", "`pace`", "wait:token", "err.doubtful" } do
      assert.is_nil(text:find(former, 1, true), former)
    end
  end)

  it("has an index of its pages, each of which says at its beginning what it is for", function()
    local index = read "docs/README.md"
    for _, path in ipairs(documents.pages()) do
      local name = path:match "^docs/(.+)$"
      if name and name ~= "README.md" then
        assert.truthy(index:find("](" .. name .. ")", 1, true), "docs/README.md does not name " .. name)
      end
      local purpose = ("\n" .. read(path)):match "\n# [^\n]+\n\n([^\n#|<-][^\n]+)\n"
      assert.truthy(purpose, path .. " does not begin with a title and a sentence")
    end
  end)

  it("leads nowhere but to what is there", function()
    for _, path in ipairs(documents.pages()) do
      local folder = path:match "^(.*/)[^/]*$" or ""
      for target in read(path):gsub("```.-\n```", ""):gmatch "%]%(([^)]+)%)" do
        local file, anchor = target:match "^([^#]*)#?(.*)$"
        if not target:find "^https?:" then
          local text = read(file == "" and path or folder .. file)
          local known = anchor == ""
          for title in ("\n" .. text):gmatch "\n#+ ([^\n]+)" do
            known = known or title:lower():gsub("[^%w%s_-]", ""):gsub("%s", "-") == anchor
          end
          assert.is_true(known, ("%s: no #%s in %s"):format(path, anchor, file))
        end
      end
    end
  end)
end)

describe("the classes for editors", function()
  it("know every public method", function()
    local text = read "lua/fnf/types/methods.lua" .. read "lua/fnf/types/client.lua"
    for name in pairs(methods.rows) do
      local known = text:find("field " .. name .. " fun", 1, true) or text:find("Client:" .. name .. "(", 1, true)
      assert.truthy(known, name)
    end
  end)

  for _, name in ipairs { "parameters", "results", "methods", "module" } do
    it("of the " .. name .. " are those that the rows and the reference give", function()
      assert.equal(operation_types[name](), read("lua/fnf/types/" .. name .. ".lua"))
    end)
  end
end)
