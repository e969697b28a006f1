-- Binds an idempotency key to a request, once.
-- KEYS: 1 the key
-- ARGV: 1 request id and fingerprint, joined by a space, 2 time to live (ms)
-- Returns: what the key is bound to
-- Atomic, one slot.
local bound = redis.call('GET', KEYS[1])
if bound then
  return bound
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
