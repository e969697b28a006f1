-- Marks a cascade as unwanted.
-- KEYS: 1 the cascade (hash)
-- Returns: the cascade's fields and values, or nothing when it is gone or has ended
-- Atomic, one slot.
local state = redis.call('HMGET', KEYS[1], 'epoch', 'end')
if not state[1] or state[2] then
  return {}
end
if redis.call('HSETNX', KEYS[1], 'cancelled', 1) == 1 then
  redis.call('HINCRBY', KEYS[1], 'rev', 1)
end
return redis.call('HGETALL', KEYS[1])
