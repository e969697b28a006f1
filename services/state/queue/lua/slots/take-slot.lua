-- Takes a slot of the pool for a leg that its router runs. It goes out only where nobody waits and a slot is free, so
-- it passes nobody in the queue. Taking it again changes nothing.
-- KEYS: as in fair-queue.lua
-- ARGV: 1 leg, 2 cost (ms), 3 member, 4 batches that the pool may have at work, 5 end of the router's lease (epoch ms)
-- Returns: 1, or 0 when there is none
-- Atomic, one slot.
if redis.call('ZSCORE', express, ARGV[1]) then
  return 1
end
if redis.call('ZCARD', wait) > 0 or redis.call('HEXISTS', running, ARGV[1]) == 1 then
  return 0
end
free_lost_slots()
if redis.call('HLEN', batchLeases) >= tonumber(ARGV[4]) then
  return 0
end
redis.call('SET', concurrency, ARGV[4])
redis.call('HSET', places, ARGV[1], ARGV[2] .. ' ' .. ARGV[2] .. ' 0 ' .. ARGV[3])
redis.call('HSET', running, ARGV[1], express_batch_lease(ARGV[1]) .. ' ' .. string.format('%.0f', server_time()))
redis.call('HSET', batchLeases, express_batch_lease(ARGV[1]), ARGV[1])
redis.call('ZADD', express, ARGV[5], ARGV[1])
redis.call('HINCRBY', KEYS[11], string.sub(ARGV[3], 1, 1), ARGV[2])
return 1
