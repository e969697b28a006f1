-- Keeps a router's lease.
-- KEYS: 1 the cascade (hash)
-- ARGV: 1 owner, 2 lease until (epoch ms)
-- Returns: 1, or 0 when it is gone or another router's; one that has ended needs no lease and is not lost
-- Atomic, one slot.
local state = redis.call('HMGET', KEYS[1], 'owner', 'end')
if state[1] ~= ARGV[1] then
  return 0
end
if state[2] then
  return 1
end
redis.call('HSET', KEYS[1], 'lease', ARGV[2])
return 1
