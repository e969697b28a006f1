-- Functions over the batches of one tenant, in the slot of its files. KEYS 1 is a batch, whose epoch fences.
local function isFenced(batch, epoch)
  return redis.call('HGET', batch, 'epoch') ~= epoch
end

-- Names the time when a status was reached; the first one stays.
local function reach(batch, status, now)
  redis.call('HSET', batch, 'status', status)
  redis.call('HSETNX', batch, 'at:' .. status, now)
end
