-- Keeps what an attempt has cost that may not end its leg any more, or may not yet be known to be followed by another.
-- KEYS: 1 the cascade (hash)
-- ARGV: 1 index, 2 attempt, 3 what it cost (nano-USD)
-- Returns: 1, or 0 when the cascade is gone or the receipt was left before
-- Atomic, one slot.
local leg = 'l' .. ARGV[1]
if redis.call('HEXISTS', KEYS[1], leg) == 0 then
  return 0
end
return redis.call('HSETNX', KEYS[1], leg .. ':f' .. ARGV[2], ARGV[3])
