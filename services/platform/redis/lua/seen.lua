-- Says whether a key is there.
-- KEYS: 1 the key
-- Returns: 1, or 0
-- Atomic, one slot.
return redis.call('EXISTS', KEYS[1])
