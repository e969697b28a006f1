-- Replaces a key's record when it is still the one that was read.
-- KEYS: 1 records of every key (hash: id to JSON)
-- ARGV: 1 id, 2 the record as it was read, 3 the record to keep
-- Returns: 1, or 0 when another process changed it in between
-- Atomic, one slot.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
