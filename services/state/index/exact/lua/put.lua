-- Puts a document in the place of the one with its id, unless that was ordered later, or was removed after this one
-- was ordered.
-- KEYS: 1 the index (hash), 2 documents (hash), 3 chunks of each and when it was ordered (hash),
--   4 changes by version (zset), 5 removed documents by the time of removal (zset)
-- ARGV: 1 document id, 2 when it was ordered (epoch ms), 3 the document, 4 its chunks, 5 most chunks of the index
-- Returns: 1, 0 when it stays away, -1 when there is no index, -2 when the index is full
-- Atomic, one slot.
local made = redis.call('HGET', KEYS[1], 'made')
if not made then
  return -1
end
local removed = redis.call('ZSCORE', KEYS[5], ARGV[1])
if tonumber(ARGV[2]) < tonumber(made) or (removed and tonumber(ARGV[2]) <= tonumber(removed)) then
  return 0
end
local before, ordered = string.match(redis.call('HGET', KEYS[3], ARGV[1]) or '0 0', '^(%S+) (%S+)$')
if tonumber(ARGV[2]) < tonumber(ordered) then
  return 0
end
local more = tonumber(ARGV[4]) - tonumber(before)
if more > 0 and tonumber(redis.call('HGET', KEYS[1], 'chunks')) + more > tonumber(ARGV[5]) then
  return -2
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[4] .. ' ' .. ARGV[2])
redis.call('HINCRBY', KEYS[1], 'chunks', more)
redis.call('ZADD', KEYS[4], redis.call('HINCRBY', KEYS[1], 'version', 1), ARGV[1])
redis.call('ZREM', KEYS[5], ARGV[1])
return 1
