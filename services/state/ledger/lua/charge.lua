-- Functions that put what a request has spent into counters of the ledger.
local function text(amount)
  return string.format('%.0f', amount)
end

-- Amounts by share, out of words parted by spaces: share, amount, …
local function amountsByShare(words)
  local amounts = {}
  for share, amount in string.gmatch(words, '(%S+) (%S+)') do
    amounts[share] = tonumber(amount)
  end
  return amounts
end

-- Counts a cost in one counter, if that is still there: at most what was held for it as spent, the rest as overrun.
-- lost and estimated are whole numbers as texts. Returns what was spent, and whether the counter is there.
local function charge(counter, share, held, used, lost, estimated)
  local charged = math.min(used, held)
  if redis.call('EXISTS', counter) == 0 then
    return charged, false
  end
  redis.call('HINCRBY', counter, 'spent', text(charged))
  if used > charged then
    redis.call('HINCRBY', counter, 'overrun', text(used - charged))
  end
  if share == 'deployment' and lost ~= '0' then
    redis.call('HINCRBY', counter, 'lost', lost)
  end
  if estimated ~= '0' then
    redis.call('HINCRBY', counter, 'estimated', estimated)
  end
  return charged, true
end
