-- Keeps the gate's finding on a leg.
-- KEYS: 1 the cascade (hash)
-- ARGV: 1 index, 2 report (JSON), 3 epoch
-- Returns: 1, or 0 when the cascade is gone or another router's
-- Atomic, one slot.
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[3] then
  return 0
end
redis.call('HSET', KEYS[1], 'l' .. ARGV[1] .. ':r', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'rev', 1)
return 1
