-- Writes a leg's end and gives its slot back. For one server, which has the keys of every slot.
-- KEYS: 1 the cascade (hash), then as in return-slot.lua
-- ARGV: 1-4 as in end-leg.lua, then as in return-slot.lua
-- Returns: as end-leg.lua
-- Atomic. end_leg and return_slot are the scripts of these names.
return_slot({ unpack(KEYS, 2) }, { unpack(ARGV, 5) })
return end_leg({ KEYS[1] }, { unpack(ARGV, 1, 4) })
