-- Keeps a new batch, with its two result files begun, if its tenant has not too many under way.
-- KEYS: 1 the batch (hash), 2 the tenant's batches by the time they were made, 3 those under way (set)
-- ARGV: 1 tag of the files, 2 id, 3 now (epoch ms), 4 the order as JSON, 5 until when it is kept (epoch ms),
--   6 most under way, 7 output file, 8 error file
-- Returns: 1, 0 when there are too many, or 2 when it is there already
-- Atomic, one slot.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 2
end
if redis.call('SCARD', KEYS[3]) >= tonumber(ARGV[6]) then
  return 0
end
redis.call('HSET', KEYS[1], 'order', ARGV[4], 'made', ARGV[3], 'epoch', 0, 'lease', 0, 'output', ARGV[7], 'error', ARGV[8])
reach(KEYS[1], 'validating', ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ARGV[5])
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1001)) do
  redis.call('ZREM', KEYS[2], id)
end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2])
redis.call('SADD', KEYS[3], ARGV[2])
for _, key in ipairs({ KEYS[2], KEYS[3] }) do
  redis.call('PEXPIREAT', key, ARGV[5])
end
beginFile(ARGV[1], ARGV[7], ARGV[3], ARGV[5])
beginFile(ARGV[1], ARGV[8], ARGV[3], ARGV[5])
return 1
