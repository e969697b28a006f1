-- Writes a leg's end and receipt, once, by the attempt that is in force.
-- KEYS: 1 the cascade (hash)
-- ARGV: 1 index, 2 attempt, 3 end (JSON), 4 what it cost (nano-USD)
-- Returns: recorded (now, or by this attempt before), fenced (a later attempt was there before) or gone
-- Atomic, one slot. A cascade that is over still takes receipts, and one that was fenced out leaves its cost: what
-- was used is owed.
local leg = 'l' .. ARGV[1]
local state = redis.call('HMGET', KEYS[1], leg, leg .. ':e', leg .. ':a')
if not state[1] then
  return 'gone'
end
if (state[3] or '0') ~= ARGV[2] then
  redis.call('HSETNX', KEYS[1], leg .. ':f' .. ARGV[2], ARGV[4])
  return 'fenced'
end
if state[2] then
  return 'recorded'
end
redis.call('HSET', KEYS[1], leg .. ':e', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'rev', 1)
return 'recorded'
