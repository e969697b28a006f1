-- Counts the batch leases that are to be handed out as handed out.
-- KEYS: as in fair-queue.lua
-- Returns: how many the one who asked has to hand out
-- Atomic, one slot.
local count = 0
while wants_batch_lease() == 1 do
  count = count + 1
end
return count
