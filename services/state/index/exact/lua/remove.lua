-- Removes documents, and remembers that they were, so that one on its way does not come back.
-- KEYS: 1 the index (hash), 2 documents (hash), 3 chunks of each and when it was ordered (hash),
--   4 changes by version (zset), 5 removed documents by the time of removal (zset)
-- ARGV: 1 now (epoch ms), 2 removals before this are forgotten (epoch ms), 3… document ids
-- Returns: how many there were, or -1 when there is no index
-- Atomic, one slot.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return -1
end
local count = 0
for at = 3, #ARGV do
  local chunks = redis.call('HGET', KEYS[3], ARGV[at])
  if chunks then
    count = count + 1
    redis.call('HDEL', KEYS[2], ARGV[at])
    redis.call('HDEL', KEYS[3], ARGV[at])
    redis.call('HINCRBY', KEYS[1], 'chunks', -tonumber(string.match(chunks, '^%S+')))
  end
  redis.call('ZADD', KEYS[4], redis.call('HINCRBY', KEYS[1], 'version', 1), ARGV[at])
  redis.call('ZADD', KEYS[5], ARGV[1], ARGV[at])
end
-- A reader that has not followed beyond the floor reads the whole index again.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', ARGV[2])) do
  redis.call('HSET', KEYS[1], 'floor', redis.call('ZSCORE', KEYS[4], id))
  redis.call('ZREM', KEYS[4], id)
  redis.call('ZREM', KEYS[5], id)
end
return count
