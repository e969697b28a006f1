-- Keeps a new index, if its tenant has not too many.
-- KEYS: 1 the index (hash), 2 the tenant's indexes by name (zset)
-- ARGV: 1 name, 2 the spec as JSON, 3 id, 4 now (epoch ms), 5 most indexes
-- Returns: 1, 0 when there are too many, or 2 when there is one of this name
-- Atomic, one slot.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 2
end
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[5]) then
  return 0
end
redis.call('HSET', KEYS[1], 'spec', ARGV[2], 'id', ARGV[3], 'made', ARGV[4], 'version', 0, 'floor', 0, 'chunks', 0)
redis.call('ZADD', KEYS[2], 0, ARGV[1])
return 1
