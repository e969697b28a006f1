-- Starts a cascade with its first leg planned.
-- KEYS: 1 the cascade (hash)
-- ARGV: 1 request, 2 plan, 3 first leg (JSON each), 4 owner, 5 lease until (epoch ms), 6 deadline (epoch ms), 7
--   time to live (ms),
--       8 1 when the ended cascade is kept for long
-- Returns: 1, or 0 when it exists
-- Atomic, one slot.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('HSET', KEYS[1], 'request', ARGV[1], 'plan', ARGV[2], 'l0', ARGV[3], 'legs', 1, 'owner', ARGV[4], 'lease', ARGV[5],
  'deadline', ARGV[6], 'epoch', 1, 'rev', 1, 'kept', ARGV[8])
redis.call('PEXPIRE', KEYS[1], ARGV[7])
return 1
