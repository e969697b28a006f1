-- Holds the first offer that every scope can carry, or nothing; takes of the rates too, or not at all.
-- KEYS: 1 the generation, 2 the hold, 3 holds by lease (sorted set), 4 counters by the end of their window
--   (sorted set),
--       then a counter for each scope, then a clock for each rate
-- ARGV: 1 generation and reign that the router knows, parted by a space, 2 hold id, 3 lease until, 4 now (epoch
--   ms), 5 how long a counter outlives its window (ms),
--       then lists of words parted by spaces, '-' for none (one argument costs a client more than ten words):
--       6 for each scope: limit, shadow (0, 1), share, window's end (epoch ms),
--       7 for each rate: interval (ms for one), burst, count, shadow,
--       8 for each offer: the amount for each scope
-- Returns: {'held', offer from 1, index of a shadowed scope or rate that would have refused, …}, {'refused',
--   scope, remaining, reserved},
--          {'limited', rate, ms to wait or -1 for never}, {'settled'} or {'closed'}; indexes count from 1, rates
--          after scopes
-- Atomic; every key is in the money slot. Amounts are exact: HINCRBY counts in 64 bits, and limits are under 2^53.
local generation = redis.call('HMGET', KEYS[1], 'id', 'reign')
if not generation[1] or generation[1] .. ' ' .. (generation[2] or '0') ~= ARGV[1] then
  return { 'closed' }
end
local before = redis.call('HMGET', KEYS[2], 'state', 'offer')
if before[1] then
  return before[1] == 'held' and { 'held', tonumber(before[2]) } or { 'settled' }
end
local wordsOf = function(list)
  local words = {}
  for word in string.gmatch(list, '%S+') do
    words[#words + 1] = word
  end
  return words
end
local scopeWords, rateWords, amountWords = wordsOf(ARGV[6]), wordsOf(ARGV[7]), wordsOf(ARGV[8])
local scopes, rates = #scopeWords / 4, #rateWords / 4
-- A router whose clock is ahead moves no rate's clock on.
local time = redis.call('TIME')
local server_now = time[1] * 1000 + math.floor(time[2] / 1000)
local now = math.min(tonumber(ARGV[4]), server_now)
local offers = #amountWords / scopes
local scopeArg = function(scope, place) return scopeWords[(scope - 1) * 4 + place] end
local rateArg = function(rate, place) return rateWords[(rate - 1) * 4 + place] end
local amountArg = function(offer, scope) return amountWords[(offer - 1) * scopes + scope] end
local reply = { 'held', 0 }
-- A clock that is past says nothing; it is kept a little longer than that, since not all routers' clocks agree.
local minuteMs = 60000

-- GCRA: a clock that runs ahead of now by what has begun; it may be ahead by no more than a burst.
local clocks = {}
for rate = 1, rates do
  local interval, burst, count = tonumber(rateArg(rate, 1)), tonumber(rateArg(rate, 2)), tonumber(rateArg(rate, 3))
  -- Beside it stands when it was written: a server whose time was set back since takes it back as far.
  local kept, kept_at = string.match(redis.call('GET', KEYS[4 + scopes + rate]) or '0 0', '(%S+) (%S+)')
  local clock = math.max(kept - math.max(0, kept_at - server_now), now) + count * interval
  local wait = clock - now - burst * interval
  -- A double near today's epoch ms is exact to a quarter of a microsecond.
  if wait <= 0.001 then
    clocks[rate] = clock
  elseif rateArg(rate, 4) == '1' then
    reply[#reply + 1] = scopes + rate
  else
    return { 'limited', rate, count > burst and -1 or math.ceil(wait) }
  end
end

local left, open = {}, {}
for scope = 1, scopes do
  if scopeArg(scope, 1) ~= '-' then
    local counts = redis.call('HMGET', KEYS[4 + scope], 'reserved', 'spent', 'lost', 'overrun', 'leased')
    open[scope] = tonumber(counts[1] or 0) + tonumber(counts[5] or 0)
    left[scope] = tonumber(scopeArg(scope, 1)) - open[scope] - tonumber(counts[2] or 0)
    if scopeArg(scope, 3) ~= 'tenant' then
      left[scope] = left[scope] - tonumber(counts[3] or 0) - tonumber(counts[4] or 0)
    end
  end
end
local short = function(offer, scope)
  local amount = tonumber(amountArg(offer, scope))
  return amount and left[scope] and amount > 0 and amount > left[scope]
end
local refusing
for offer = 1, offers do
  refusing = nil
  for scope = 1, scopes do
    if scopeArg(scope, 2) == '0' and short(offer, scope) then
      refusing = scope
      break
    end
  end
  if not refusing then
    reply[2] = offer
    break
  end
end
if refusing then
  return { 'refused', refusing, string.format('%.0f', math.max(0, left[refusing])), string.format('%.0f', open[refusing]) }
end

local fields = { 'state', 'held', 'offer', reply[2] }
local held = 0
for scope = 1, scopes do
  local amount = amountArg(reply[2], scope)
  if amount ~= '-' then
    if scopeArg(scope, 2) == '1' and short(reply[2], scope) then
      reply[#reply + 1] = scope
    end
    local counter = KEYS[4 + scope]
    if redis.call('HINCRBY', counter, 'reserved', amount) == tonumber(amount) then
      -- Nothing was reserved here before, so it may be new.
      redis.call('PEXPIREAT', counter, string.format('%.0f', tonumber(scopeArg(scope, 4)) + tonumber(ARGV[5])))
      redis.call('ZADD', KEYS[4], scopeArg(scope, 4), counter)
    end
    held = held + 1
    fields[#fields + 1] = 'c' .. held
    fields[#fields + 1] = counter
    fields[#fields + 1] = 's' .. held
    fields[#fields + 1] = scopeArg(scope, 3)
    fields[#fields + 1] = 'a' .. held
    fields[#fields + 1] = amount
  end
end
for rate, clock in pairs(clocks) do
  local key = KEYS[4 + scopes + rate]
  redis.call('SET', key, string.format('%.17g %.0f', clock, server_now), 'PX', math.ceil(clock - now) + minuteMs)
  if rateArg(rate, 3) ~= '1' then
    fields[#fields + 1] = 'rate'
    fields[#fields + 1] = key
    fields[#fields + 1] = 'taken'
    fields[#fields + 1] = rateArg(rate, 3)
    fields[#fields + 1] = 'interval'
    fields[#fields + 1] = rateArg(rate, 1)
  end
end
redis.call('HSET', KEYS[2], unpack(fields))
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[2])
return reply
