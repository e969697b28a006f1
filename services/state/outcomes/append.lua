-- Keeps one outcome record.
-- KEYS: 1 the tenant's stream, 2 index of the ladder's streams (sorted set by last write)
-- ARGV: 1 record (JSON), 2 most records of the stream, 3 time to live (ms), 4 the stream as the index names it, 5
--   now (epoch ms),
--       6 most streams
-- Returns: the index names of streams that are one too many, oldest first, already out of the index; their
--   streams are the caller's to drop
-- Atomic, one slot.
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'record', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', tonumber(ARGV[5]) - tonumber(ARGV[3]))
redis.call('PEXPIRE', KEYS[2], ARGV[3])
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[6])
if over <= 0 then
  return {}
end
local dropped = {}
local popped = redis.call('ZPOPMIN', KEYS[2], over)
for at = 1, #popped, 2 do
  dropped[#dropped + 1] = popped[at]
end
return dropped
