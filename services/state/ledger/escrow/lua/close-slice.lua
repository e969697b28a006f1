-- Ends a slice: draws on it become holds, which are settled as any other whose router has died, and what nobody drew is
-- free again.
-- KEYS: 1 slices by lease (sorted set), 2 the slice, 3 its draws (hash), 4 holds by lease (sorted set)
-- ARGV: 1 slice, 2 what the key of a hold begins with, 3 1 to end it before its lease is over
-- Returns: how many draws are left for the next call; -1 when its lease is not over
-- Atomic; every key is in the money slot. From the first call on nobody draws on the slice.
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if ARGV[3] ~= '1' and lease and tonumber(lease) > tonumber(now) then
  return -1
end
local slice = {}
local flat = redis.call('HGETALL', KEYS[2])
for at = 1, #flat, 2 do
  slice[flat[at]] = flat[at + 1]
end
if slice.state then
  redis.call('HSET', KEYS[2], 'state', 'closing')
  local draws = redis.call('HSCAN', KEYS[3], '0', 'COUNT', 100)[2]
  for at = 1, #draws, 2 do
    local held, fields = 0, { 'state', 'held', 'offer', '1' }
    for index, amount, own in string.gmatch(draws[at + 1], '(%S+) (%S+) (%S+)') do
      local counter = slice['c' .. index]
      redis.call('HINCRBY', counter, 'reserved', amount)
      if own == '1' and amount ~= '0' then
        redis.call('HINCRBY', counter, 'leased', '-' .. amount)
        redis.call('HINCRBY', KEYS[2], 'a' .. index, '-' .. amount)
      end
      held = held + 1
      local place = #fields
      fields[place + 1], fields[place + 2] = 'c' .. held, counter
      fields[place + 3], fields[place + 4] = 's' .. held, slice['s' .. index]
      fields[place + 5], fields[place + 6] = 'a' .. held, amount
    end
    if held > 0 then
      redis.call('HSET', ARGV[2] .. draws[at], unpack(fields))
      redis.call('ZADD', KEYS[4], now, draws[at])
    end
    redis.call('HDEL', KEYS[3], draws[at])
  end
  local left = redis.call('HLEN', KEYS[3])
  if left > 0 then
    return left
  end
  for field, counter in pairs(slice) do
    local index = string.match(field, '^c(%d+)$')
    local amount = index and redis.call('HGET', KEYS[2], 'a' .. index)
    if amount and amount ~= '0' and redis.call('EXISTS', counter) == 1 then
      redis.call('HINCRBY', counter, 'leased', string.format('%.0f', -tonumber(amount)))
    end
  end
end
redis.call('DEL', KEYS[2], KEYS[3])
redis.call('ZREM', KEYS[1], ARGV[1])
return 0
