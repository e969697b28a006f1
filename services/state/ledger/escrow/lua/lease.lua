-- Opens a router's slice or keeps it, and moves money between it and the counters that it was leased from.
-- KEYS: 1 the generation, 2 slices by lease (sorted set), 3 the slice, 4 counters by the end of their window (sorted
--   set), then a counter for each line of ARGV 6
-- ARGV: 1 generation and reign that the router knows, parted by a space, 2 slice, 3 lease (ms from now), 4 1 where the
--   slice is new, 5 how long a counter outlives its window (ms),
--       6 for each counter words parted by spaces: its index in the slice, limit ('-' for none), share, window's end
--       (epoch ms), amount to lease (below 0: to give back; all: everything, and the counter leaves the slice), least
--       that is worth leasing
-- Returns: {'leased', for each counter what was moved, what is left for others}, {'closed'} for another generation, or
--   {'lost'} when the slice is not this router's any more
-- Atomic; every key is in the money slot. No more than a quarter of what is left goes out at once: near a limit nothing
-- is leased, and requests reserve one by one.
local generation = redis.call('HMGET', KEYS[1], 'id', 'reign')
if not generation[1] or generation[1] .. ' ' .. (generation[2] or '0') ~= ARGV[1] then
  return { 'closed' }
end
if ARGV[4] ~= '1' and redis.call('HGET', KEYS[3], 'state') ~= 'open' then
  return { 'lost' }
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[3], 'state', 'open')
redis.call('ZADD', KEYS[2], string.format('%.0f', now + tonumber(ARGV[3])), ARGV[2])
local text = function(amount) return string.format('%.0f', amount) end
local reply, at = { 'leased' }, 5
for index, limit, share, ends_at, asked, least in string.gmatch(ARGV[6], '(%S+) (%S+) (%S+) (%S+) (%S+) (%S+)') do
  local counter = KEYS[at]
  if redis.call('HSETNX', KEYS[3], 'c' .. index, counter) == 1 then
    redis.call('HSET', KEYS[3], 's' .. index, share, 'a' .. index, '0')
    redis.call('HINCRBY', counter, 'leased', 0)
    redis.call('PEXPIREAT', counter, text(tonumber(ends_at) + tonumber(ARGV[5])))
    redis.call('ZADD', KEYS[4], ends_at, counter)
  end
  local moved, left = 0, 0
  if limit ~= '-' then
    local counts = redis.call('HMGET', counter, 'reserved', 'spent', 'leased', 'lost', 'overrun')
    left = tonumber(limit) - tonumber(counts[1] or 0) - tonumber(counts[2] or 0) - tonumber(counts[3] or 0)
    if share ~= 'tenant' then
      left = left - tonumber(counts[4] or 0) - tonumber(counts[5] or 0)
    end
    moved = asked == 'all' and -tonumber(limit) or tonumber(asked)
    if moved > 0 then
      moved = math.min(moved, math.floor(left / 4))
      if moved < tonumber(least) then
        moved = 0
      end
    elseif moved < 0 then
      moved = -math.min(-moved, tonumber(redis.call('HGET', KEYS[3], 'a' .. index)))
    end
    if moved ~= 0 then
      redis.call('HINCRBY', KEYS[3], 'a' .. index, text(moved))
      redis.call('HINCRBY', counter, 'leased', text(moved))
    end
    left = math.max(0, left - moved)
  end
  if asked == 'all' then
    redis.call('HDEL', KEYS[3], 'c' .. index, 's' .. index, 'a' .. index)
  end
  reply[#reply + 1] = text(moved)
  reply[#reply + 1] = text(left)
  at = at + 1
end
return reply
