--- How long items take, as laws: the share that takes longer than x, in mean times. What is drawn follows from that.
-- SPDX-License-Identifier: MIT

local laws = {}

local POINTS = 2000 -- of the table that quantiles are read from; beyond its last they are searched for
local HALVINGS = 60

--- Share of a normal law above z (Abramowitz and Stegun 7.1.26 and the law's symmetry; off by 1e-7).
local function above(z)
  local x = math.abs(z) / math.sqrt(2)
  local t = 1 / (1 + 0.3275911 * x)
  local tail = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
    * math.exp(-x * x) / 2
  return z >= 0 and tail or 1 - tail
end

local function lognormal(sigma, mean)
  local middle = math.log(mean) - sigma * sigma / 2
  return function(x)
    return x <= 0 and 1 or above((math.log(x) - middle) / sigma)
  end
end

local function mixture(share, one, other)
  return function(x)
    return share * one(x) + (1 - share) * other(x)
  end
end

--- The x above which that share is.
local function quantile(survival, share)
  local low, high = 0, 1
  while survival(high) > share do
    high = high * 2
  end
  for _ = 1, HALVINGS do
    local middle = (low + high) / 2
    if survival(middle) > share then
      low = middle
    else
      high = middle
    end
  end
  return high
end

local NORMAL_QUARTILES = 1.349 -- deviations between the quartiles of a normal law

---@class waiting.Law
---@field spread number between the quartiles, as the deviation of a normal law
---@field survival fun(x: number): number
---@field draw fun(random: fun(): number): number

local function law(survival)
  local known
  local function build()
    known = {}
    for i = 1, POINTS do
      known[i] = quantile(survival, i / POINTS)
    end
  end
  local spread = (quantile(survival, 0.25) - quantile(survival, 0.75)) / NORMAL_QUARTILES
  return { survival = survival, spread = spread, draw = function(random)
    if not known then
      build()
    end
    local at = random() * POINTS
    local i = math.floor(at)
    if i < 1 then
      return quantile(survival, math.max(at, 1e-9) / POINTS)
    end
    return known[i] + (at - i) * ((known[i + 1] or known[i]) - known[i])
  end }
end

--- Of what is made up of draws: its survival is that of a sample.
local function sampled(draw, random)
  local sample = {}
  for i = 1, 4000 do
    sample[i] = draw(random)
  end
  table.sort(sample)
  local spread = (sample[math.ceil(0.75 * #sample)] - sample[math.ceil(0.25 * #sample)]) / NORMAL_QUARTILES
  return { draw = draw, spread = spread, survival = function(x)
    local low, high = 0, #sample
    while low < high do
      local middle = math.ceil((low + high) / 2)
      if sample[middle] <= x then
        low = middle
      else
        high = middle - 1
      end
    end
    return 1 - low / #sample
  end }
end

laws.narrow = law(lognormal(0.3, 1))
laws.wide = law(lognormal(1, 1))
laws.widest = law(lognormal(2, 1))
laws.pareto = law(function(x)
  return x <= 1 / 3 and 1 or (3 * x) ^ -1.5
end)
laws.bimodal = law(mixture(0.8, lognormal(0.2, 0.5), lognormal(0.2, 3)))
laws.rare = law(mixture(0.995, lognormal(0.3, 0.9), lognormal(0.3, 20)))
laws.equal = { spread = 0, survival = function(x) return x < 1 and 1 or 0 end, draw = function() return 1 end }

local FAILS, BACK_OFF, MOST = 0.15, 0.5, 3 -- share of the attempts, first mean times of waiting, retries

--- Items that are tried again after a failure, later each time.
---@param random fun(): number
function laws.retried(random)
  return sampled(function(draw)
    local time = laws.narrow.draw(draw)
    for retry = 0, MOST - 1 do
      if draw() >= FAILS then
        break
      end
      time = time + BACK_OFF * 2 ^ retry + laws.narrow.draw(draw)
    end
    return time
  end, random)
end

return laws
