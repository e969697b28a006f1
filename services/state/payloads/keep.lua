-- Keeps a payload for longer.
-- KEYS: 1 the payload, 2 the tenant's payloads by the time they end
-- ARGV: 1 id, 2 now (epoch ms), 3 time to live from now (ms)
-- Returns: 1 when it is there
-- Atomic, one slot.
local size = redis.call('STRLEN', KEYS[1])
if redis.call('PEXPIRE', KEYS[1], ARGV[3]) == 0 then
  return 0
end
redis.call('ZADD', KEYS[2], 'XX', tonumber(ARGV[2]) + tonumber(ARGV[3]), ARGV[1] .. ':' .. size)
return 1
