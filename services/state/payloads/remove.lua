-- Frees a payload before its time.
-- KEYS: 1 the payload, 2 the tenant's payloads by the time they end, 3 the tenant's bytes
-- ARGV: 1 id
-- Returns: 1 when it was there
-- Atomic, one slot.
local size = redis.call('STRLEN', KEYS[1])
if redis.call('DEL', KEYS[1]) == 0 then
  return 0
end
if redis.call('ZREM', KEYS[2], ARGV[1] .. ':' .. size) == 1 then
  redis.call('DECRBY', KEYS[3], size)
end
return 1
