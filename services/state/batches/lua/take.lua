-- Takes a batch whose router has let its lease run out.
-- KEYS: 1 the batch (hash)
-- ARGV: 1 new owner, 2 its lease until (epoch ms), 3 now (epoch ms)
-- Returns: {epoch, field, value, …}, {'kept', lease} when the lease holds, or {'gone'} when it has ended
-- Atomic, one slot.
local state = redis.call('HMGET', KEYS[1], 'lease', 'ended')
if not state[1] or state[2] then
  return { 'gone' }
end
local clock = redis.call('TIME')
if tonumber(state[1]) > math.min(tonumber(ARGV[3]), clock[1] * 1000 + math.floor(clock[2] / 1000)) then
  return { 'kept', state[1] }
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'lease', ARGV[2])
local epoch = redis.call('HINCRBY', KEYS[1], 'epoch', 1)
local reply = redis.call('HGETALL', KEYS[1])
table.insert(reply, 1, epoch)
return reply
