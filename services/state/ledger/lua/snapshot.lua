-- Reads counters of windows that are not over, and counts the reigns of the servers that had the data: a server
-- that became master since has another replication id, and one that was master before has a lower count.
-- KEYS: 1 the generation, 2 counters by the end of their window (sorted set)
-- ARGV: 1 now (epoch ms), 2 how many to pass over, 3 most to read, 4 the reign that the router knows
-- Returns: {generation's id ('' for none), its ancestors, the reign, counter, window's end, spent, reserved
--   or leased, …}; ends that are long past are dropped
-- Atomic. The counters carry the same hash tag, so they are in the same slot.
local dayMs = 86400000
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', tonumber(ARGV[1]) - dayMs)
local generation = redis.call('HMGET', KEYS[1], 'id', 'ancestors', 'reign', 'replid')
local reign = tonumber(generation[3] or 0)
local info = redis.pcall('INFO', 'replication')
local replid = type(info) == 'string' and string.match(info, 'master_replid:(%x+)')
if generation[1] and replid and replid ~= generation[4] then
  reign = math.max(reign, tonumber(ARGV[4])) + 1
  redis.call('HSET', KEYS[1], 'reign', reign, 'replid', replid)
end
local reply = { generation[1] or '', generation[2] or '', reign }
local found = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', ARGV[2], ARGV[3])
for at = 1, #found, 2 do
  local counts = redis.call('HMGET', found[at], 'spent', 'reserved', 'leased')
  reply[#reply + 1] = found[at]
  reply[#reply + 1] = found[at + 1]
  reply[#reply + 1] = counts[1] or '0'
  reply[#reply + 1] = string.format('%.0f', tonumber(counts[2] or 0) + tonumber(counts[3] or 0))
end
return reply
