-- Writes a leg's end and receipt, once, by the attempt that is in force.
-- KEYS: 1 the climb (hash)
-- ARGV: 1 index, 2 attempt, 3 end (JSON)
-- Returns: recorded, fenced (a later attempt or an end was there before) or gone
-- Atomic, one slot. A climb that is over still takes receipts: what was used is owed.
local leg = 'l' .. ARGV[1]
local state = redis.call('HMGET', KEYS[1], leg, leg .. ':e', leg .. ':a')
if not state[1] then
  return 'gone'
end
if state[2] or (state[3] or '0') ~= ARGV[2] then
  return 'fenced'
end
redis.call('HSET', KEYS[1], leg .. ':e', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'rev', 1)
return 'recorded'
