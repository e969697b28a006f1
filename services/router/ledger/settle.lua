-- Turns a hold into what was spent, once.
-- KEYS: 1 the hold, 2 holds by lease (sorted set)
-- ARGV: 1 hold id, 2 what was spent, 3 how long a settled hold is remembered (ms)
-- Returns: 1 when this call settled it, 0 when it was settled before or never held
-- Atomic. The counters' names are in the hold: they carry the same hash tag, so they are in the same slot.
if redis.call('HGET', KEYS[1], 'state') ~= 'held' then
  return 0
end
local amount = redis.call('HGET', KEYS[1], 'amount')
local index = 1
while true do
  local counter = redis.call('HGET', KEYS[1], 'scope' .. index)
  if not counter then
    break
  end
  if redis.call('EXISTS', counter) == 1 then
    if amount ~= '0' then
      redis.call('HINCRBY', counter, 'reserved', '-' .. amount)
    end
    redis.call('HINCRBY', counter, 'spent', ARGV[2])
  end
  index = index + 1
end
redis.call('HSET', KEYS[1], 'state', 'settled', 'spent', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
