-- The input of a batch is sound.
-- KEYS: 1 the batch (hash)
-- ARGV: 1 epoch, 2 rows, 3 now (epoch ms)
-- Returns: 1, or 0 when the lease is lost or the batch was cancelled
-- Atomic, one slot.
if isFenced(KEYS[1], ARGV[1]) then
  return 0
end
redis.call('HSET', KEYS[1], 'total', ARGV[2])
if redis.call('HGET', KEYS[1], 'status') ~= 'validating' then
  return 0
end
reach(KEYS[1], 'in_progress', ARGV[3])
return 1
