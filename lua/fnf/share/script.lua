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

-- Keys of another type than they should have are thrown away, and what has ended by its score is dropped.
local SETS = [[
local function expect(kinds)
  for i, kind in ipairs(kinds) do
    local found = redis.call('TYPE', KEYS[i]).ok
    if found ~= kind and found ~= 'none' then
      redis.call('DEL', KEYS[i])
    end
  end
end
local function drop_ended(key, now, longest)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  redis.call('ZREMRANGEBYSCORE', key, now + longest, '+inf')
end
]]

--- The bucket of an operation, whose tokens go to the polls that are most late, of whichever process.
-- KEYS: bucket; askers by when their polls were due; the same by when they are taken for gone; processes by when they
-- are; runs that are waited for by when they are not any more. ARGV: process, asker ("": none), seconds by which its
-- poll is late, most (requests a second), burst, what is told ("throttled", "left", "answered" or ""), tokens in a new
-- bucket, requests that the process has made while it did not ask.
-- Answers: microseconds until a token comes (0: it is the asker's), processes, runs, share of `most` in millionths.
script.permit = FIGURE .. SETS .. [[
local SLOWEST, RECOVERY, CALM, LONGEST_RECOVERY = 1 / 16, 1 / 100, 1, 10
local ROUNDING, SILENCE, PATIENCE, LIFETIME, LONGEST, LONGEST_WAY = 1e-6, 60, 10, 600, 10 * 86400, 1
expect({ 'hash', 'zset', 'zset', 'zset', 'zset' })
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local asker, most, burst, told = ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]

drop_ended(KEYS[4], now, LONGEST)
redis.call('ZADD', KEYS[4], now + SILENCE, ARGV[1])
redis.call('EXPIRE', KEYS[4], LIFETIME)
drop_ended(KEYS[5], now, LONGEST)
local processes, runs = redis.call('ZCARD', KEYS[4]), redis.call('ZCARD', KEYS[5])

local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'share', 'halved', 'answered')
local share, halved = figure(bucket[3], SLOWEST, 1, 1), figure(bucket[4], 0, now, 0)
local answered = figure(bucket[5], 0, now, now)
-- The service's bucket, full as this one, refills only from when the first request arrives.
local way = math.min(LONGEST_WAY, (burst - 1) / most / 4)
local at = figure(bucket[2], 0, now + way, now)
local tokens = figure(bucket[1], -burst, burst, tonumber(ARGV[7]))
tokens, at = math.min(burst, tokens + math.max(0, now - at) * most * share), math.max(at, now)
tokens = math.max(-burst, tokens - tonumber(ARGV[8]))
if told == 'throttled' and now - halved >= CALM then
  share, tokens, halved, answered = math.max(SLOWEST, share / 2), math.min(0, tokens), now, now
elseif told == 'answered' then
  share = math.min(1, share + RECOVERY * math.min(LONGEST_RECOVERY, now - answered))
  answered = now
end

for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now)) do
  redis.call('ZREM', KEYS[2], gone)
  redis.call('ZREM', KEYS[3], gone)
end
if redis.call('ZCARD', KEYS[2]) ~= redis.call('ZCARD', KEYS[3]) then -- somebody else wrote there: all ask again
  redis.call('DEL', KEYS[2], KEYS[3])
end
local pause = 0
if told == 'left' then
  redis.call('ZREM', KEYS[2], asker)
  redis.call('ZREM', KEYS[3], asker)
elseif asker ~= '' then
  redis.call('ZADD', KEYS[2], now - tonumber(ARGV[3]), asker)
  local missing = redis.call('ZRANK', KEYS[2], asker) + 1 - tokens
  if missing <= ROUNDING then
    at = tokens > burst - ROUNDING and now + way or at
    tokens = math.max(0, tokens - 1)
    redis.call('ZREM', KEYS[2], asker)
    redis.call('ZREM', KEYS[3], asker)
  else
    pause = math.ceil(missing / (most * share) * 1000000)
    redis.call('ZADD', KEYS[3], now + PATIENCE, asker)
    redis.call('EXPIRE', KEYS[2], LIFETIME)
    redis.call('EXPIRE', KEYS[3], LIFETIME)
  end
end

redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.6f', at),
  'share', string.format('%.6f', share), 'halved', string.format('%.6f', halved),
  'answered', string.format('%.6f', answered))
redis.call('EXPIRE', KEYS[1], LIFETIME)
return { pause, processes, runs, math.floor(share * 1000000) }
]]

--- Say that runs are waited for, or no more.
-- KEYS: runs that are waited for. ARGV: process, seconds for which they are ("0": no more), runs.
-- Answers: how many there are.
script.wait = SETS .. [[
local LONGEST = 10 * 86400
expect({ 'zset' })
local time, seconds = redis.call('TIME'), tonumber(ARGV[2])
drop_ended(KEYS[1], tonumber(time[1]), LONGEST)
for i = 3, #ARGV do
  if seconds > 0 then
    redis.call('ZADD', KEYS[1], tonumber(time[1]) + math.min(seconds, LONGEST - 1), ARGV[i])
  else
    redis.call('ZREM', KEYS[1], ARGV[i])
  end
end
redis.call('EXPIRE', KEYS[1], LONGEST)
return redis.call('ZCARD', KEYS[1])
]]

--- What others have seen of a run, else the leave to ask the service; and that the run is waited for until it is final.
-- KEYS: answer, lease, runs that are waited for. ARGV: process, milliseconds of the lease, stamp of what the process
-- knows, bytes it reads, run, seconds for which it is waited for.
-- Answers: "answer", its stamp, microseconds since, text; or "poll"; or "wait".
script.look = FIGURE .. SETS .. [[
local LONGEST = 10 * 86400
expect({ 'hash', 'string', 'zset' })
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
if redis.call('HGET', KEYS[1], 'final') == '1' then
  redis.call('ZREM', KEYS[3], ARGV[5])
else
  redis.call('ZADD', KEYS[3], tonumber(time[1]) + math.min(tonumber(ARGV[6]), LONGEST - 1), ARGV[5])
  redis.call('EXPIRE', KEYS[3], LONGEST)
end
local stamp = redis.call('HGET', KEYS[1], 'at')
if stamp and stamp ~= ARGV[3] and redis.call('HSTRLEN', KEYS[1], 'run') <= tonumber(ARGV[4]) then
  local age = now - figure(stamp, 0, now, now)
  return { 'answer', stamp, age, redis.call('HGET', KEYS[1], 'run') or '' }
end
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] and figure(redis.call('PTTL', KEYS[2]), 0, 600000, nil) then
  return { 'wait' }
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return { 'poll' }
]]

--- Put what was seen, if anything was, and end the lease; a run that is final is waited for no more.
-- KEYS: answer, lease, runs that are waited for. ARGV: process, text ("": nothing was seen), milliseconds it is kept,
-- run, whether it is final ("1", "0").
-- Answers: its stamp.
script.put = SETS .. [[
expect({ 'hash', 'string', 'zset' })
local time = redis.call('TIME')
local stamp = string.format('%s%06d', time[1], tonumber(time[2]))
if redis.call('GET', KEYS[2]) == ARGV[1] then
  redis.call('DEL', KEYS[2])
end
if ARGV[2] ~= '' then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'at', stamp, 'run', ARGV[2], 'final', ARGV[5])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
if ARGV[5] == '1' then
  redis.call('ZREM', KEYS[3], ARGV[4])
end
return stamp
]]

--- Put what a machine watches, if that has changed, and say that the machine is there; read what others have put since.
-- KEYS: machines by when they are taken for gone; the same by when they put; what they put. ARGV: process, machine,
-- milliseconds until it is taken for gone, text ("": as it was; "-": none), when it read last, bytes it reads of each,
-- machines it reads.
-- Answers: when this was; whether its text is there ("1", "0"); machines besides those it reads; and of each of these,
-- by their ids, three: id, seconds since it put ("": nothing since), text.
script.machines = FIGURE .. SETS .. [[
local LONGEST, LIFETIME, MOST = 3600, 7200, 1000
expect({ 'zset', 'zset', 'hash' })
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local stamp, machine = string.format('%.6f', now), ARGV[2]
drop_ended(KEYS[1], now, LONGEST)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '(' .. stamp, '+inf')
for _, id in ipairs(redis.call('HKEYS', KEYS[3])) do
  if not redis.call('ZSCORE', KEYS[1], id) or not redis.call('ZSCORE', KEYS[2], id) then
    redis.call('ZREM', KEYS[1], id)
    redis.call('ZREM', KEYS[2], id)
    redis.call('HDEL', KEYS[3], id)
  end
end
if ARGV[4] == '-' then
  redis.call('ZREM', KEYS[1], machine)
  redis.call('HDEL', KEYS[3], machine)
elseif ARGV[4] ~= '' then
  redis.call('ZADD', KEYS[2], stamp, machine)
  redis.call('HSET', KEYS[3], machine, ARGV[4])
end
local there = redis.call('HEXISTS', KEYS[3], machine)
if there == 1 then
  redis.call('ZADD', KEYS[1], string.format('%.6f', now + math.min(tonumber(ARGV[3]) / 1000, LONGEST - 1)), machine)
end
for _, key in ipairs(KEYS) do
  redis.call('EXPIRE', key, LIFETIME)
end

local others, known = redis.call('ZRANGE', KEYS[1], 0, MOST), figure(ARGV[5], 0, now, 0)
table.sort(others)
local most = tonumber(ARGV[7])
local answer = { stamp, tostring(there), tostring(math.max(0, redis.call('ZCARD', KEYS[1]) - there - most)) }
for _, id in ipairs(others) do
  if id ~= machine and #answer < 3 + 3 * most then
    local put = tonumber(redis.call('ZSCORE', KEYS[2], id) or nil)
    answer[#answer + 1] = id
    if put and put >= known then
      local fits = redis.call('HSTRLEN', KEYS[3], id) <= tonumber(ARGV[6])
      answer[#answer + 1] = string.format('%.6f', math.max(0, now - put))
      answer[#answer + 1] = fits and redis.call('HGET', KEYS[3], id) or ''
    else
      answer[#answer + 1], answer[#answer + 2] = '', ''
    end
  end
end
return answer
]]

return script
