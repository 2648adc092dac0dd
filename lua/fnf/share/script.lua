--- The scripts that Redis runs: each is one atomic step on the keys of one account. Text only.
-- SPDX-License-Identifier: MIT
--
-- They go by Redis' own clock, so no two machines need agree on the time, and believe no value they find: what others
-- may have written is held to its range, and a key of another type is thrown away. Redis 5 or newer.

local script = {}

local FIGURE = [[
local function figure(text, least, most, default)
  local value = tonumber(text or nil)
  if value and value >= least and value <= most then
    return value
  end
  return default
end
]]

--- The bucket of an operation: the algorithm of fnf.call.rate_limiter, for all processes of an account.
-- KEYS: bucket, processes. ARGV: process, its waits, most (requests a second), burst, what it tells ("throttled",
-- "given back", "answered" or ""), permit it holds ("0": none), whether it asks for one ("1", "0").
-- Answers: permit, microseconds until it comes, processes, waits of all, share of `most` in millionths.
script.permit = FIGURE .. [[
local SLOWEST, RECOVERY, CALM, LONGEST_RECOVERY = 1 / 16, 1 / 100, 1, 10
local ROUNDING, MOST_HELD, SILENCE, LIFETIME, MOST = 1e-6, 64, 60, 600, 2 ^ 50
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local most, burst, told, permit = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])

local found = redis.pcall('HGETALL', KEYS[2])
if found.err then
  redis.call('DEL', KEYS[2])
  found = {}
end
local processes, waits = 1, tonumber(ARGV[2])
for i = 1, #found, 2 do
  local seen, open = string.match(found[i + 1], '^(%d+) (%d+)$')
  if found[i] ~= ARGV[1] then
    if figure(seen, now - SILENCE, now + SILENCE, nil) then
      processes, waits = processes + 1, waits + figure(open, 0, 1000000, 0)
    else
      redis.call('HDEL', KEYS[2], found[i])
    end
  end
end
redis.call('HSET', KEYS[2], ARGV[1], string.format('%.0f %.0f', now, tonumber(ARGV[2])))
redis.call('EXPIRE', KEYS[2], LIFETIME)

local bucket = redis.pcall('HMGET', KEYS[1], 'permits', 'granted', 'at', 'share', 'halved', 'answered')
if bucket.err then
  redis.call('DEL', KEYS[1])
  bucket = {}
end
local permits = figure(bucket[1], 0, MOST, 0)
local granted = figure(bucket[2], permits - MOST_HELD * processes, permits + burst, permits + burst)
local share = figure(bucket[4], SLOWEST, 1, 1)
local halved, answered = figure(bucket[5], 0, now, 0), figure(bucket[6], 0, now, now)
granted = math.min(permits + burst, granted + math.max(0, now - figure(bucket[3], 0, now, now)) * most * share)

if told == 'throttled' and now - halved >= CALM then
  share, granted = math.max(SLOWEST, share / 2), math.min(permits, granted)
  halved, answered = now, now
elseif told == 'given back' then
  granted = math.min(permits + burst, granted + 1)
elseif told == 'answered' then
  share = math.min(1, share + RECOVERY * math.min(LONGEST_RECOVERY, now - answered))
  answered = now
end
if ARGV[7] == '1' and (permit == 0 or permit > permits) then
  permits = permits + 1
  permit = permits
end

redis.call('HSET', KEYS[1], 'permits', string.format('%.0f', permits), 'granted', string.format('%.6f', granted),
  'at', string.format('%.6f', now), 'share', string.format('%.6f', share), 'halved', string.format('%.6f', halved),
  'answered', string.format('%.6f', answered))
redis.call('EXPIRE', KEYS[1], LIFETIME)
local missing = permit - granted
local pause = missing > ROUNDING and math.ceil(missing / (most * share) * 1000000) or 0
return { permit, pause, processes, waits, math.floor(share * 1000000) }
]]

--- What others have seen of a run, else the leave to ask the service.
-- KEYS: answer, lease. ARGV: process, milliseconds of the lease, stamp of what the process knows, bytes it reads.
-- Answers: "answer", its stamp, microseconds since, text; or "poll"; or "wait".
script.look = FIGURE .. [[
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local stamp = redis.pcall('HGET', KEYS[1], 'at')
if type(stamp) == 'table' then
  redis.call('DEL', KEYS[1])
  stamp = false
end
if stamp and stamp ~= ARGV[3] and redis.call('HSTRLEN', KEYS[1], 'run') <= tonumber(ARGV[4]) then
  local age = now - figure(stamp, 0, now, now)
  return { 'answer', stamp, age, redis.call('HGET', KEYS[1], 'run') or '' }
end
local holder = redis.pcall('GET', KEYS[2])
if type(holder) == 'string' and holder ~= ARGV[1] and figure(redis.call('PTTL', KEYS[2]), 0, 600000, nil) then
  return { 'wait' }
end
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return { 'poll' }
]]

--- Put what was seen, if anything was, and end the lease.
-- KEYS: answer, lease, index. ARGV: process, text ("": nothing was seen), milliseconds it is kept.
-- Answers: its stamp.
script.put = [[
local time = redis.call('TIME')
local stamp = string.format('%s%06d', time[1], tonumber(time[2]))
local holder = redis.pcall('GET', KEYS[2])
if holder == ARGV[1] then
  redis.call('DEL', KEYS[2])
end
if ARGV[2] ~= '' then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'at', stamp, 'run', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  if type(redis.pcall('ZADD', KEYS[3], time[1], KEYS[1])) == 'table' then
    redis.call('DEL', KEYS[3])
    redis.call('ZADD', KEYS[3], time[1], KEYS[1])
  end
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', tonumber(time[1]) - 3600)
  redis.call('EXPIRE', KEYS[3], 3600)
end
return stamp
]]

return script
