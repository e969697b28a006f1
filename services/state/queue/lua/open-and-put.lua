-- Does what has to be there before a leg is, and puts the leg in line. For one server, which has the keys of every slot.
-- KEYS: those of what comes first, then as in put-leg.lua
-- ARGV: 1 how many keys come first, 2 how many arguments come first, then those, then as in put-leg.lua
-- Returns: {what came first said, as put-leg.lua}; the second is absent when the first was neither 1 nor a list that begins with 1
-- Atomic. first and put_leg are the scripts of these names.
local keys, arguments = tonumber(ARGV[1]), tonumber(ARGV[2])
local said = first({ unpack(KEYS, 1, keys) }, { unpack(ARGV, 3, 2 + arguments) })
if said ~= 1 and (type(said) ~= 'table' or said[1] ~= 1) then
  return { said }
end
return { said, put_leg({ unpack(KEYS, keys + 1) }, { unpack(ARGV, 3 + arguments) }) }
