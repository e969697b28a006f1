-- Ends a batch: its files are shown, or freed where nothing is in them.
-- KEYS: 1 the batch (hash), 2 its rows that are recorded (bits), 3 the tenant's batches under way (set)
-- ARGV: 1 tag of the files, 2 epoch, 3 id, 4 status, 5 now (epoch ms), 6 faults as JSON, 7 when its files end
--   (epoch ms), 8 cost of what is not recorded (nano-USD)
-- Returns: 1, or 0 when the lease is lost
-- Atomic, one slot.
if isFenced(KEYS[1], ARGV[2]) then
  return 0
end
for _, name in ipairs({ 'output', 'error' }) do
  local id = redis.call('HGET', KEYS[1], name)
  if id and tonumber(redis.call('HGET', ARGV[1] .. ':sizes', id) or 0) > 0 then
    seal(ARGV[1], id, ARGV[3] .. '_' .. name .. '.jsonl', 'batch_output', ARGV[7])
  elseif id then
    removeFile(ARGV[1], id)
    redis.call('HDEL', KEYS[1], name)
  end
end
if ARGV[4] == 'completed' then
  redis.call('HSETNX', KEYS[1], 'at:finalizing', ARGV[5])
end
reach(KEYS[1], ARGV[4], ARGV[5])
redis.call('HINCRBY', KEYS[1], 'cost', ARGV[8])
redis.call('HSET', KEYS[1], 'ended', 1, 'faults', ARGV[6], 'lease', 0)
redis.call('HDEL', KEYS[1], 'owner')
redis.call('UNLINK', KEYS[2])
redis.call('SREM', KEYS[3], ARGV[3])
return 1
