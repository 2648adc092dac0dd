--- What the library says of its options and parameters, in the words of the command: their flags.
-- SPDX-License-Identifier: MIT

local flags = {}

--- The library's words, as they stand, and the command's; a spec finds each of them in the library.
---@type { [1]: string, [2]: string }[]
flags.words = {
  { "give the option input, a function that makes the new Input of the items",
    "name the list that the flow reads by --items-path, or make the new Input in Lua (run_again, option input)" },
  { "split = true", "--split" },
  { "option items_path", "--items-path" },
  { "option execution_name", "--as" },
  { "give its authority as ca_file, or as FNF_CA_FILE", "give its authority by --ca-file or FNF_CA_FILE" },
  { "give the key as access_key_id and access_key_secret",
    "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET" },
  { "or give credentials to fnf.new, or --profile to the command fnf", "or give --profile" },
  { 'give region = "cn-hangzhou"', "give --region cn-hangzhou" },
}

--- The flag of a parameter.
---@param name string such as "FlowName"
---@return string such as "--flow-name"
function flags.of(name)
  return "--" .. name:gsub("(%l)(%u)", "%1-%2"):gsub("(%u)(%u%l)", "%1-%2"):lower()
end

--- A text of the library's, or an error, as the command tells it. What the service says stays as it is.
---@param problem string|fnf.Error
---@return string
function flags.tell(problem)
  local text = tostring(problem)
  if type(problem) == "table" and problem.kind == "service" then
    return text
  end
  for _, row in ipairs(flags.words) do
    local from, to = text:find(row[1], 1, true)
    text = from and text:sub(1, from - 1) .. row[2] .. text:sub(to + 1) or text
  end
  local missing = text:match "missing parameter (%w+)"
  return missing and ("%s; give it as %s VALUE or %s=VALUE"):format(text,
    flags.of(missing), missing) or text
end

return flags
