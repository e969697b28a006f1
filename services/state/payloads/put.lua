-- Stores a payload if its tenant has room.
-- KEYS: 1 the payload, 2 the tenant's payloads by the time they end (sorted set of "id:bytes"), 3 the tenant's bytes
-- ARGV: 1 bytes, 2 id, 3 size, 4 now (epoch ms), 5 time to live (ms), 6 quota (bytes)
-- Returns: 1, or 0 when there is no room
-- Atomic, one slot. Payloads whose time is over are counted off first.
local over = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[4])
for _, member in ipairs(over) do
  redis.call('DECRBY', KEYS[3], string.match(member, ':(%d+)$'))
  redis.call('ZREM', KEYS[2], member)
end
local used = tonumber(redis.call('GET', KEYS[3]) or 0)
if used + tonumber(ARGV[3]) > tonumber(ARGV[6]) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[5])
redis.call('ZADD', KEYS[2], tonumber(ARGV[4]) + tonumber(ARGV[5]), ARGV[2] .. ':' .. ARGV[3])
redis.call('INCRBY', KEYS[3], ARGV[3])
return 1
