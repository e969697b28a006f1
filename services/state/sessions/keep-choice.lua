-- Keeps what answered a conversation. A script, so that it goes to Redis with what else a cascade leaves at its end.
-- KEYS: 1 the conversation
-- ARGV: 1 choice (JSON), 2 time to live (ms)
-- Returns: 1
-- Atomic, one slot.
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
