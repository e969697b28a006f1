-- Frees an idempotency key that is bound to this request.
-- KEYS: 1 the key
-- ARGV: 1 request id
-- Returns: 1 when it was freed
-- Atomic, one slot.
local bound = redis.call('GET', KEYS[1])
if bound and string.sub(bound, 1, #ARGV[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
