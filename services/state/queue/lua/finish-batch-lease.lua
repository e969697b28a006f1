-- Lets go of every leg that a batch lease has, and of the batch lease; hands out the batch leases that its slot is
-- free for now.
-- KEYS: 1-13 as in fair-queue.lua, 14-27 as in BullMQ's moveToFinished, 28-36 as in BullMQ's addStandardJob
-- ARGV: 1 batch lease, 2 lock's token, 3 now (epoch ms), 4 prefix of the batch leases' keys, 5 how long the lock held
-- (ms)
-- Returns: BullMQ's code: 0, or below when the batch lease is another's or gone
-- Atomic, one slot. done, complete_batch_lease, batch_leases_lacking and add_batch_lease are the scripts of these
-- names. The queue first: a batch lease that is gone before its legs would leave them running for ever. A batch lease
-- that another worker has now is left alone, and so are its legs.
if redis.call('GET', KEYS[25] .. ':lock') ~= ARGV[2] then
  return -6
end
done({ unpack(KEYS, 1, 13) }, { ARGV[1] })
local options = {
  token = ARGV[2],
  keepJobs = { count = 0 },
  lockDuration = tonumber(ARGV[5]),
  attempts = 1,
  maxMetricsSize = '',
}
local code = complete_batch_lease(
  { unpack(KEYS, 14, 27) },
  { ARGV[1], ARGV[3], 'returnvalue', 'null', 'completed', 0, ARGV[4], cmsgpack.pack(options) }
)
if redis.call('ZCARD', KEYS[12]) > 0 and redis.call('ZCARD', KEYS[3]) > 0 then
  local lacking = batch_leases_lacking({ unpack(KEYS, 1, 13) }, {})
  for _ = 1, lacking do
    local batchLease = { ARGV[4], '', 'batchLease', tonumber(ARGV[3]) }
    add_batch_lease({ unpack(KEYS, 28, 36) }, {
      cmsgpack.pack(batchLease),
      'null',
      cmsgpack.pack({ attempts = 1, removeOnComplete = true, removeOnFail = true }),
    })
  end
end
return code
