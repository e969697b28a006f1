-- Reads holds whose lease is past.
-- KEYS: 1 holds by lease (sorted set)
-- ARGV: 1 now (epoch ms), 2 most to read
-- Returns: hold id, lease, …
-- Atomic, one slot. A router whose clock is ahead settles nothing too early.
local time = redis.call('TIME')
local now = math.min(tonumber(ARGV[1]), time[1] * 1000 + math.floor(time[2] / 1000))
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now), 'WITHSCORES', 'LIMIT', 0, ARGV[2])
