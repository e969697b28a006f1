-- Puts a leg in the queue and hands out a batch lease for it where one is lacking.
-- KEYS: 1-13 as in fair-queue.lua, 14-22 as in BullMQ's addStandardJob
-- ARGV: 1-8 as in put.lua, 9 prefix of the batch leases' keys, 10 now (epoch ms)
-- Returns: as put.lua
-- Atomic, one slot. put and add_batch_lease are the scripts of these names.
local reply = put({ unpack(KEYS, 1, 13) }, { unpack(ARGV, 1, 8) })
if reply[1] == 'put' and reply[2] == 1 then
  local options = { attempts = 1, removeOnComplete = true, removeOnFail = true }
  local batchLease = { ARGV[9], '', 'batchLease', tonumber(ARGV[10]) }
  add_batch_lease({ unpack(KEYS, 14, 22) }, { cmsgpack.pack(batchLease), 'null', cmsgpack.pack(options) })
end
return reply
