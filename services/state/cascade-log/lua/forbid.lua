-- Makes sure that a cascade that is not there never will be: an opening that is still on its way finds the place taken.
-- KEYS: 1 the cascade (hash)
-- ARGV: 1 how long (ms)
-- Returns: 1, or 0 when there is a cascade
-- Atomic, one slot.
if redis.call('HEXISTS', KEYS[1], 'request') == 1 then
  return 0
end
redis.call('HSET', KEYS[1], 'forbidden', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
