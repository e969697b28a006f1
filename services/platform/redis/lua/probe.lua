-- Writes, as every step of a request does, and tells the time.
-- KEYS: 1 a key of the slot to probe
-- ARGV: 1 how long the key stays (ms)
-- Returns: {seconds, microseconds} of the server's clock
-- Atomic, one slot. A server that is full, has no replicas or cannot write to its disk refuses it.
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return redis.call('TIME')
