-- Takes a slot of the pool for a leg and begins the leg in the log. For one server, which has the keys of every slot.
-- KEYS: 1-13 as in take-slot.lua, 14 the cascade (hash)
-- ARGV: 1-5 as in take-slot.lua, 6-9 as in begin-leg.lua
-- Returns: false where there is no slot and nothing has changed, else {word, attempt} as begin-leg.lua; the slot is
--   kept where the word is run
-- Atomic. take_slot, free_slot and begin_leg are the scripts of these names.
local line = { unpack(KEYS, 1, 13) }
if take_slot(line, { unpack(ARGV, 1, 5) }) == 0 then
  return false
end
local begun = begin_leg({ KEYS[14] }, { unpack(ARGV, 6, 9) })
if begun[1] ~= 'run' then
  free_slot(line, { ARGV[1] })
end
return begun
