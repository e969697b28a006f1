-- Turns draws on a slice into what was spent, each once.
-- KEYS: 1 the slice, 2 its draws (hash)
-- ARGV: for each draw: 1 hold id, 2 cost of lost attempts, 3 what is estimated, 4 words parted by spaces: share, what
--   was spent of it, …
-- Returns: for each draw what went beyond the tenant's share, or '-' when it is not there
-- Atomic. The names of counters are in the slice: they carry the same hash tag, so they are in the same slot. What was
-- drawn and not spent stays in the slice.
local is_open = redis.call('EXISTS', KEYS[1]) == 1
local text = function(amount) return string.format('%.0f', amount) end
local shares, sums, reply = {}, {}, {}
for at = 1, #ARGV, 4 do
  local drawn = redis.call('HGET', KEYS[2], ARGV[at])
  if not drawn or drawn == '' then
    reply[#reply + 1] = '-'
    if is_open and not drawn then
      -- A draw that hangs on its way is not to come after its settlement.
      redis.call('HSET', KEYS[2], ARGV[at], '')
    end
  else
    local spent = {}
    for share, amount in string.gmatch(ARGV[at + 3], '(%S+) (%S+)') do
      spent[share] = tonumber(amount)
    end
    local beyond = 0
    for index, amount, own in string.gmatch(drawn, '(%S+) (%S+) (%S+)') do
      local share = shares[index]
      if not share then
        share = redis.call('HGET', KEYS[1], 's' .. index)
        shares[index] = share
        sums[index] = { spent = 0, overrun = 0, lost = 0, estimated = 0, own = 0 }
      end
      local sum = sums[index]
      local used = spent[share] or 0
      local charged = math.min(used, tonumber(amount))
      sum.spent = sum.spent + charged
      sum.overrun = sum.overrun + used - charged
      sum.estimated = sum.estimated + tonumber(ARGV[at + 2])
      if own == '1' then
        sum.own = sum.own + charged
      end
      if share == 'tenant' then
        beyond = used - charged
      end
      if share == 'deployment' then
        sum.lost = sum.lost + tonumber(ARGV[at + 1])
      end
    end
    redis.call('HDEL', KEYS[2], ARGV[at])
    reply[#reply + 1] = text(beyond)
  end
end
for index, sum in pairs(sums) do
  local counter = redis.call('HGET', KEYS[1], 'c' .. index)
  if redis.call('EXISTS', counter) == 1 then
    redis.call('HINCRBY', counter, 'spent', text(sum.spent))
    for _, field in ipairs({ 'overrun', 'lost', 'estimated' }) do
      if sum[field] > 0 then
        redis.call('HINCRBY', counter, field, text(sum[field]))
      end
    end
    if sum.own > 0 then
      redis.call('HINCRBY', counter, 'leased', '-' .. text(sum.own))
    end
  end
  if sum.own > 0 then
    redis.call('HINCRBY', KEYS[1], 'a' .. index, '-' .. text(sum.own))
  end
end
return reply
