-- Turns a draw on a slice into what was spent, once.
-- KEYS: 1 the slice, 2 its draws (hash)
-- ARGV: 1 hold id, 2 cost of lost attempts, 3 what is estimated, 4 words parted by spaces: share, what was spent of
--   it, …
-- Returns: what went beyond the tenant's share, or '-' when the draw is not there
-- Atomic. The names of counters are in the slice: they carry the same hash tag, so they are in the same slot. What was
-- drawn and not spent stays in the slice.
local drawn = redis.call('HGET', KEYS[2], ARGV[1])
if not drawn or drawn == '' then
  -- A draw that hangs on its way is not to come after its settlement.
  if not drawn and redis.call('EXISTS', KEYS[1]) == 1 then
    redis.call('HSET', KEYS[2], ARGV[1], '')
  end
  return '-'
end
local spent = amountsByShare(ARGV[4])
local beyond = 0
for index, amount, own in string.gmatch(drawn, '(%S+) (%S+) (%S+)') do
  local names = redis.call('HMGET', KEYS[1], 's' .. index, 'c' .. index)
  local share, counter = names[1], names[2]
  local used = spent[share] or 0
  local charged, exists = charge(counter, share, tonumber(amount), used, ARGV[2], ARGV[3])
  if share == 'tenant' then
    beyond = used - charged
  end
  if own == '1' and charged > 0 then
    if exists then
      redis.call('HINCRBY', counter, 'leased', '-' .. text(charged))
    end
    redis.call('HINCRBY', KEYS[1], 'a' .. index, '-' .. text(charged))
  end
end
redis.call('HDEL', KEYS[2], ARGV[1])
return text(beyond)
