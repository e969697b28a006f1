-- Lets go of every leg that a batch lease has.
-- KEYS: as in fair-queue.lua
-- ARGV: 1 batch lease
-- Returns: how many there were
-- Atomic, one slot.
local count = 0
for id in string.gmatch(redis.call('HGET', batchLeases, ARGV[1]) or '', '%S+') do
  if run_of(id) == ARGV[1] then
    redis.call('HDEL', running, id)
    remove(id)
    count = count + 1
  end
end
redis.call('HDEL', batchLeases, ARGV[1])
return count
