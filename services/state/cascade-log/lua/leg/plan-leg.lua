-- Plans the next leg. Planning one that is planned changes nothing.
-- KEYS: 1 the cascade (hash)
-- ARGV: 1 index, 2 leg (JSON), 3 epoch
-- Returns: 1, or 0 when the cascade is gone, over, cancelled, or another router's
-- Atomic, one slot.
local state = redis.call('HMGET', KEYS[1], 'epoch', 'end', 'cancelled', 'legs')
if state[1] ~= ARGV[3] or state[2] or state[3] then
  return 0
end
if redis.call('HSETNX', KEYS[1], 'l' .. ARGV[1], ARGV[2]) == 1 then
  redis.call('HSET', KEYS[1], 'legs', math.max(tonumber(state[4]), tonumber(ARGV[1]) + 1))
  redis.call('HINCRBY', KEYS[1], 'rev', 1)
end
return 1
