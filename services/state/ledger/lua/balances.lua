-- Reads counters, with what requests have drawn of routers' slices of them.
-- KEYS: 1 slices by lease (sorted set), then counters
-- ARGV: 1 what the key of a slice begins with, 2 what the key of its draws begins with
-- Returns: for each counter what is reserved, spent, lost, overrun
-- Atomic; every key is in the money slot. What a router has leased and nobody has drawn counts as left.
local drawn = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local sums = {}
  for _, draw in ipairs(redis.call('HVALS', ARGV[2] .. id)) do
    for index, amount in string.gmatch(draw, '(%S+) (%S+) %S+') do
      sums[index] = (sums[index] or 0) + tonumber(amount)
    end
  end
  for index, sum in pairs(sums) do
    local counter = redis.call('HGET', ARGV[1] .. id, 'c' .. index)
    if counter then
      drawn[counter] = (drawn[counter] or 0) + sum
    end
  end
end
local reply = {}
for at = 2, #KEYS do
  local counts = redis.call('HMGET', KEYS[at], 'reserved', 'spent', 'lost', 'overrun')
  local reserved = tonumber(counts[1] or 0) + (drawn[KEYS[at]] or 0)
  reply[#reply + 1] = string.format('%.0f', reserved)
  for field = 2, 4 do
    reply[#reply + 1] = counts[field] or '0'
  end
end
return reply
