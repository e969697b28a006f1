-- Gives the slot of a leg back that its router ran.
-- KEYS: as in fair-queue.lua
-- ARGV: 1 leg
-- Returns: 1, or 0 when it had none
-- Atomic, one slot.
return free_slot(ARGV[1]) and 1 or 0
