-- Ends a leg whose worker is lost, in the place of that worker: whatever it still says of the leg comes from an
-- earlier attempt.
-- KEYS: 1 the cascade (hash)
-- ARGV: 1 index, 2 attempt that is lost, 3 end (JSON) whose receipt has the next attempt, 4 epoch
-- Returns: abandoned, or kept when it has ended, another attempt has begun, or the cascade is another router's or gone
-- Atomic, one slot.
local leg = 'l' .. ARGV[1]
local state = redis.call('HMGET', KEYS[1], 'epoch', leg, leg .. ':e', leg .. ':a')
if state[1] ~= ARGV[4] or not state[2] or state[3] or (state[4] or '0') ~= ARGV[2] then
  return 'kept'
end
redis.call('HSET', KEYS[1], leg .. ':a', tonumber(ARGV[2]) + 1, leg .. ':e', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'rev', 1)
return 'abandoned'
