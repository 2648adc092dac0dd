--- A live `watch`: draws the MapRuns of a wait while it goes on, and obeys keys. + and - change the concurrency.
-- SPDX-License-Identifier: MIT

local check = require "fnf.check"
local flags = require "fnf.cli.flags"
local frame = require "fnf.cli.frame"
local output = require "fnf.cli.output"
local retry = require "fnf.call.retry"
local terminal = require "fnf.cli.terminal"
local view = require "fnf.wait.view"

local live = {}

local TICK, REDRAW = 0.1, 0.5 -- seconds between two questions for a key, and between two frames
local CONCURRENCY = { minimum = 0, maximum = 2 ^ 31 - 1 }
local KEYS = "q leaves  + - concurrency"

---@class fnf.Live : fnf.ProgressReport
---@field private client fnf.Client
---@field private states fnf.WatchState[]
---@field private by_id table<string, fnf.WatchState>
---@field has_left? boolean q was pressed
local Live = {}
Live.__index = Live

local function id_of(names)
  return ("%s/%s/%s"):format(names.FlowName, names.ExecutionName, names.MapRunName)
end

local function state_of(self, names)
  local id = id_of(names)
  local state = self.by_id[id]
  if not state then
    state = { id = id, names = names, polls = 0 }
    self.by_id[id] = state
    self.states[#self.states + 1] = state
  end
  return state
end

---@param client fnf.Client
---@param list table[] names of the MapRuns, as far as they are known
---@param style { unicode: boolean, color: boolean }
---@return fnf.Live
function live.new(client, list, style)
  local self = setmetatable({ client = client, states = {}, by_id = {}, printed = {}, complaints = {}, style = style,
    throttles = 0, chosen = 1, platform = client:choose_platform() }, Live)
  for _, names in ipairs(list) do
    state_of(self, names)
  end
  client:listen(function(name, fields)
    if name == "response" and fields.error and retry.reason({}, fields.error) == "throttle" then
      self.throttles = self.throttles + 1
    elseif name == "warning" then
      self.warning = flags.tell(fields.error or fields.message)
    end
  end)
  return self
end

--- An answer came.
function Live:changed(run, progress, wait)
  local state = state_of(self, wait.params)
  state.run, state.progress, state.seen = run, progress:report(), self.platform.time()
  state.polls, self.dirty = state.polls + 1, true
end

--- A wait has ended.
function Live:ended(names, run, err)
  if not names.MapRunName or self.has_left then -- a checkpoint whose wait had no answer, or no end at all
    return
  end
  local state = state_of(self, names)
  state.run, state.ended, self.dirty = run or state.run, true, true
  state.error = err and { code = err.code, kind = err.kind, message = flags.tell(err.message) } or nil
end

--- Keep what is to be printed until the last frame has been drawn.
function Live:print(text)
  self.printed[#self.printed + 1] = text
end

--- The same of what is for stderr.
function Live:complain(text)
  self.complaints[#self.complaints + 1] = text
end

---- keys ----

--- The next or the one before, in the order of the frame.
local function choose(self, step)
  local views, chosen = view.all(self.states, self.platform.time()), self.states[self.chosen]
  local place = 1
  if not chosen then
    return
  end
  for i, one in ipairs(views) do
    place = one.id == chosen.id and i or place
  end
  local wanted = views[(place - 1 + step) % #views + 1].id
  for i, state in ipairs(self.states) do
    self.chosen = state.id == wanted and i or self.chosen
  end
end

--- The concurrency of a run under way, if it is one that may be changed.
local function concurrency_of(state)
  local told = state and state.run and not state.ended and state.run.Concurrency
  return not check.types.integer(told, CONCURRENCY) and told or nil
end

--- A tenth more or less, and one at least.
local function change_concurrency(self, sign)
  local state = self.states[self.chosen]
  local before = concurrency_of(state)
  if not before then
    self.message = "its concurrency is not known, or it has ended"
    return
  end
  local wanted = math.max(1, before + sign * math.max(1, math.floor(before / 10)))
  self.message = ("concurrency %d -> %d ..."):format(before, wanted)
  self:draw()
  local done, err = self.client:update_map_run({ FlowName = state.names.FlowName,
    ExecutionName = state.names.ExecutionName, MapRunName = state.names.MapRunName,
    Concurrency = wanted }, { timeout = 10 })
  if done then
    state.run.Concurrency = wanted
  end
  self.message = done and ("concurrency %d -> %d"):format(before, wanted) or tostring(err)
end

local function obey(self, key)
  if key == "q" then
    self.has_left = true
  elseif key == "+" or key == "-" then
    change_concurrency(self, key == "+" and 1 or -1)
  elseif key == "j" or key == "k" then
    choose(self, key == "j" and 1 or -1)
  end
  self.dirty = true
end

---- drawing ----

local function note(self)
  local parts = {}
  if self.terminal:has_keys() and not self.over then
    parts[1] = KEYS .. (#self.states > 1 and "  j k choose" or "")
  end
  parts[#parts + 1] = self.throttles > 0 and ("throttled %d times"):format(self.throttles) or nil
  parts[#parts + 1] = self.message or self.warning and output.cell(self.warning)
  return parts[1] and table.concat(parts, "  |  ")
end

--- Draw a frame now.
function Live:draw()
  local columns, lines = self.terminal:size()
  local now = self.platform.time()
  local text, widths = frame.lines(self.states, now, { columns = columns, lines = lines, unicode = self.style.unicode,
    color = self.style.color, chosen = self.chosen, note = note(self) })
  self.terminal:draw(text, widths, columns)
  local done, total, failed = 0, 0, false
  for _, state in ipairs(self.states) do
    done, total = done + (state.progress and state.progress.share or 0), total + 1
    failed = failed or state.run and state.run.Status == "Failed" or false
  end
  self.terminal:progress(math.floor(100 * done / math.max(1, total)), failed)
  self.drawn, self.dirty = self.platform.now(), false
end

local function tick(self)
  local key = self.terminal:key()
  while key do
    obey(self, key)
    key = self.terminal:key()
  end
  if self.dirty and self.platform.now() - self.drawn >= TICK or self.platform.now() - self.drawn >= REDRAW then
    self:draw()
  end
end

--- Wait, and draw meanwhile.
---@param work fun(cancel: fun(): boolean): any
---@return any what `work` returned
function Live:run(work)
  self.terminal = terminal.open(os.getenv)
  local result
  local done, problem = pcall(function()
    self:draw()
    self.platform.gather({ function()
      result = work(function()
        return self.has_left
      end)
      self.over = true
      return true
    end, function()
      while not self.over do
        tick(self)
        self.platform.sleep(TICK)
      end
      return true
    end })
    self.message = nil
    self:draw()
  end)
  self.terminal:close()
  io.stderr:write(table.concat(self.complaints))
  output.put(table.concat(self.printed))
  if not done then
    error(problem, 0)
  end
  return result
end

return live
