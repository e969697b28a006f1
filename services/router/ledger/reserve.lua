-- Holds an amount in every scope, or in none.
-- KEYS: 1 the hold, 2 holds by lease (sorted set), 3… a counter for each scope
-- ARGV: 1 hold id, 2 amount, 3 lease until (epoch ms), 4 how long a settled hold is remembered (ms),
--       then for each scope: limit ('' for none), time to live of the counter (ms)
-- Returns: {0} when held (or held before), else {index of the scope from 1, what remains there}
-- Atomic; every key is in the money slot. Amounts are exact: HINCRBY counts in 64 bits, limits are under 2^53.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return { 0 }
end
local amount = tonumber(ARGV[2])
for index = 3, #KEYS do
  local limit = ARGV[5 + (index - 3) * 2]
  if limit ~= '' then
    local counts = redis.call('HMGET', KEYS[index], 'reserved', 'spent')
    local remaining = tonumber(limit) - tonumber(counts[1] or 0) - tonumber(counts[2] or 0)
    if amount > remaining then
      return { index - 2, string.format('%.0f', math.max(0, remaining)) }
    end
  end
end
redis.call('HSET', KEYS[1], 'amount', ARGV[2], 'state', 'held')
for index = 3, #KEYS do
  redis.call('HINCRBY', KEYS[index], 'reserved', ARGV[2])
  redis.call('PEXPIRE', KEYS[index], ARGV[6 + (index - 3) * 2])
  redis.call('HSET', KEYS[1], 'scope' .. (index - 2), KEYS[index])
end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return { 0 }
