-- Tells how many batch leases there are to be.
-- KEYS: as in fair-queue.lua
-- Returns: the number
-- Atomic, one slot.
return batch_leases_wanted()
