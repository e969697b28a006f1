-- Holds the whole of what is asked for, and opens the climb that it is for. For one server, which has the keys of every slot.
-- KEYS: those of reserve.lua, then those of what opens
-- ARGV: 1 how many keys reserve has, 2 how many arguments it has, then those, then those of what opens
-- Returns: {1 when both were done, then as reserve.lua}
-- Atomic. reserve and open are the scripts of these names.
local keys, arguments = tonumber(ARGV[1]), tonumber(ARGV[2])
local reply = reserve({ unpack(KEYS, 1, keys) }, { unpack(ARGV, 3, 2 + arguments) })
local opened = 0
if reply[1] == 'held' then
  opened = open({ unpack(KEYS, keys + 1) }, { unpack(ARGV, 3 + arguments) })
end
return { opened, unpack(reply) }
