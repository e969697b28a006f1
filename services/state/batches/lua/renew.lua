-- Keeps or gives up the lease of a batch.
-- KEYS: 1 the batch (hash)
-- ARGV: 1 epoch, 2 lease until (epoch ms)
-- Returns: the status, or '' when the lease is lost
-- Atomic, one slot.
if isFenced(KEYS[1], ARGV[1]) then
  return ''
end
redis.call('HSET', KEYS[1], 'lease', ARGV[2])
return redis.call('HGET', KEYS[1], 'status')
