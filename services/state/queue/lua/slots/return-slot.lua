-- Gives the slot of a leg back that its router ran, and hands out the batch leases that its slot is free for now.
-- KEYS: 1-13 as in fair-queue.lua, 14-22 as in BullMQ's addStandardJob
-- ARGV: 1 leg, 2 prefix of the batch leases' keys, 3 now (epoch ms)
-- Returns: 1, or 0 when it had none
-- Atomic, one slot. free_slot, batch_leases_lacking and add_batch_lease are the scripts of these names.
local fairQueue = { unpack(KEYS, 1, 13) }
if free_slot(fairQueue, { ARGV[1] }) == 0 then
  return 0
end
if redis.call('ZCARD', KEYS[3]) == 0 then
  return 1
end
for _ = 1, batch_leases_lacking(fairQueue, {}) do
  local batchLease = { ARGV[2], '', 'batchLease', tonumber(ARGV[3]) }
  local options = { attempts = 1, removeOnComplete = true, removeOnFail = true }
  add_batch_lease({ unpack(KEYS, 14, 22) }, { cmsgpack.pack(batchLease), 'null', cmsgpack.pack(options) })
end
return 1
