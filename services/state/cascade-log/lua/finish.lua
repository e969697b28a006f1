-- Ends a cascade, once.
-- KEYS: 1 the cascade (hash)
-- ARGV: 1 end (JSON), 2 epoch, 3 now (epoch ms), 4, 5 time to live (ms) from the deadline, or from now where that
--   is over, of a cascade that is kept for short, for long
-- Returns: 1, or 0 when it is gone, ended before, or another router's
-- Atomic, one slot.
local state = redis.call('HMGET', KEYS[1], 'epoch', 'end', 'kept', 'deadline')
if state[1] ~= ARGV[2] or state[2] then
  return 0
end
redis.call('HSET', KEYS[1], 'end', ARGV[1], 'ended', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'rev', 1)
-- A hold may stand until the deadline, and whoever settles it then reads the receipts here.
local left = math.floor(math.max(0, tonumber(state[4] or '0') - tonumber(ARGV[3])))
redis.call('PEXPIRE', KEYS[1], (state[3] == '1' and ARGV[5] or ARGV[4]) + left)
return 1
