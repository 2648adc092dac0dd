--- DescribeRegions.
-- SPDX-License-Identifier: MIT

-- Source: the service access page; the Chinese names are the usual ones of these places.
local regions = {
  { "cn-hangzhou", "China (Hangzhou)", "华东1（杭州）" },
  { "cn-shanghai", "China (Shanghai)", "华东2（上海）" },
  { "cn-beijing", "China (Beijing)", "华北2（北京）" },
  { "cn-qingdao", "China (Qingdao)", "华北1（青岛）" },
  { "cn-shenzhen", "China (Shenzhen)", "华南1（深圳）" },
  { "ap-southeast-1", "Singapore", "新加坡" },
  { "us-west-1", "US (Silicon Valley)", "美国（硅谷）" },
}

local function describe(values)
  local english = values.AcceptLanguage == "en-US"
  local list = {}
  for index, region in ipairs(regions) do
    list[index] = {
      RegionId = region[1], RegionEndpoint = region[1] .. ".fnf.aliyuncs.com",
      LocalName = english and region[2] or region[3],
    }
  end
  return { Regions = { Region = list } }
end

return {
  DescribeRegions = {
    method = "POST", carry_out = describe,
    parameters = { { "AcceptLanguage", values = { "zh-CN", "en-US" } } },
  },
}
