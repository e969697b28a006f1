-- Lets go of every leg that a batch lease has, and of the batch lease.
-- KEYS: 1-11 as in fair-queue.lua, 12-25 as in BullMQ's moveToFinished
-- ARGV: 1 batch lease, 2 lock's token, 3 now (epoch ms), 4 prefix of the batch leases' keys, 5 how long the lock held
-- (ms)
-- Returns: BullMQ's code: 0, or below when the batch lease is another's or gone
-- Atomic, one slot. done and complete_batch_lease are the scripts of these names. The queue first: a batch lease that
-- is gone before its legs would leave them running for ever. A batch lease that another worker has now is left alone,
-- and so are its legs.
if redis.call('GET', KEYS[23] .. ':lock') ~= ARGV[2] then
  return -6
end
done({ unpack(KEYS, 1, 11) }, { ARGV[1] })
local options = {
  token = ARGV[2],
  keepJobs = { count = 0 },
  lockDuration = tonumber(ARGV[5]),
  attempts = 1,
  maxMetricsSize = '',
}
return complete_batch_lease(
  { unpack(KEYS, 12, 25) },
  { ARGV[1], ARGV[3], 'returnvalue', 'null', 'completed', 0, ARGV[4], cmsgpack.pack(options) }
)
