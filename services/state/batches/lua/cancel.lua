-- Calls a batch off.
-- KEYS: 1 the batch (hash)
-- ARGV: 1 now (epoch ms)
-- Returns: 1, or 0 when there is none
-- Atomic, one slot.
local state = redis.call('HMGET', KEYS[1], 'status', 'ended')
if not state[1] then
  return 0
end
if not state[2] then
  reach(KEYS[1], 'cancelling', ARGV[1])
end
return 1
