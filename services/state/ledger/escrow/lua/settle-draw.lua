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
local text = function(amount) return string.format('%.0f', amount) end
local spent = {}
for share, amount in string.gmatch(ARGV[4], '(%S+) (%S+)') do
  spent[share] = tonumber(amount)
end
local beyond = 0
for index, amount, own in string.gmatch(drawn, '(%S+) (%S+) (%S+)') do
  local names = redis.call('HMGET', KEYS[1], 's' .. index, 'c' .. index)
  local share, counter = names[1], names[2]
  local used = spent[share] or 0
  local charged = math.min(used, tonumber(amount))
  if share == 'tenant' then
    beyond = used - charged
  end
  if redis.call('EXISTS', counter) == 1 then
    redis.call('HINCRBY', counter, 'spent', text(charged))
    if used > charged then
      redis.call('HINCRBY', counter, 'overrun', text(used - charged))
    end
    if share == 'deployment' and ARGV[2] ~= '0' then
      redis.call('HINCRBY', counter, 'lost', ARGV[2])
    end
    if ARGV[3] ~= '0' then
      redis.call('HINCRBY', counter, 'estimated', ARGV[3])
    end
    if own == '1' and charged > 0 then
      redis.call('HINCRBY', counter, 'leased', '-' .. text(charged))
    end
  end
  if own == '1' and charged > 0 then
    redis.call('HINCRBY', KEYS[1], 'a' .. index, '-' .. text(charged))
  end
end
redis.call('HDEL', KEYS[2], ARGV[1])
return text(beyond)
