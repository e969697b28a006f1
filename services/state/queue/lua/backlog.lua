-- What waits and runs in a pool.
-- KEYS: as in line.lua
-- Returns: {waiting, running, flat pairs of work by class and tenant, flat pairs of work put in line by class}
-- Atomic, one slot.
return { redis.call('ZCARD', wait), redis.call('HLEN', running), redis.call('HGETALL', backlog), redis.call('HGETALL', KEYS[11]) }
