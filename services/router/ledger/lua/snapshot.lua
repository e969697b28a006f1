-- Reads counters of windows that are not over.
-- KEYS: 1 the generation, 2 counters by the end of their window (sorted set)
-- ARGV: 1 now (epoch ms), 2 how many to pass over, 3 most to read
-- Returns: {generation's id ('' for none), its ancestors, counter, window's end, spent, reserved, …}; ends that are long past are dropped
-- Atomic. The counters carry the same hash tag, so they are in the same slot.
local dayMs = 86400000
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', tonumber(ARGV[1]) - dayMs)
local generation = redis.call('HMGET', KEYS[1], 'id', 'ancestors')
local reply = { generation[1] or '', generation[2] or '' }
local found = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', ARGV[2], ARGV[3])
for at = 1, #found, 2 do
  local counts = redis.call('HMGET', found[at], 'spent', 'reserved')
  reply[#reply + 1] = found[at]
  reply[#reply + 1] = found[at + 1]
  reply[#reply + 1] = counts[1] or '0'
  reply[#reply + 1] = counts[2] or '0'
end
return reply
