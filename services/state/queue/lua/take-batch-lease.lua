-- Takes a batch lease, and for it the next batch in the queue.
-- KEYS: 1-13 as in fair-queue.lua, 14-24 as in BullMQ's moveToActive
-- ARGV: 1 prefix of the batch leases' keys, 2 now (epoch ms), 3 lock's token, 4 how long the lock holds (ms), then as
--   from 4 in take.lua
-- Returns: {} when there is no batch lease, else {batch lease, batch leases that wait, envelopes of the batch,
-- envelopes of the   expired, legs of the batch}
-- Atomic, one slot. take and activate_batch_lease are the scripts of these names. While nothing waits, no worker need
-- be woken.
local lock = cmsgpack.pack({ token = ARGV[3], lockDuration = tonumber(ARGV[4]) })
local batchLease = activate_batch_lease({ unpack(KEYS, 14, 24) }, { ARGV[1], ARGV[2], lock })[2]
if not batchLease or batchLease == 0 then
  return {}
end
local waiting = redis.call('LLEN', KEYS[14])
if waiting == 0 then
  redis.call('ZREM', KEYS[24], '0')
end
local taken = take({ unpack(KEYS, 1, 13) }, { batchLease, ARGV[2], 'new', unpack(ARGV, 5) })
return { batchLease, waiting, taken[1], taken[2], taken[3] }
