-- Does what has to be there before a leg is, and puts the leg in line. For one server, which has the keys of every slot.
-- KEYS: those of what comes first, then as in put-leg.lua
-- ARGV: 1 how many keys come first, 2 how many arguments come first, then those, then as in put-leg.lua
-- Returns: as put-leg.lua, or {'refused'} when what comes first did not say 1
-- Atomic. open and put_leg are the scripts of these names.
local keys, arguments = tonumber(ARGV[1]), tonumber(ARGV[2])
if open({ unpack(KEYS, 1, keys) }, { unpack(ARGV, 3, 2 + arguments) }) ~= 1 then
  return { 'refused' }
end
return put_leg({ unpack(KEYS, keys + 1) }, { unpack(ARGV, 3 + arguments) })
