-- Holds money, opens the cascade that it is for, and enqueues the cascade's first leg, or begins it where its
-- router runs it. For one server, which has the keys of every slot.
-- KEYS: those of reserve.lua where money is to be held, then those of open-and-list.lua, then those of put-leg.lua or
--   begin-here.lua
-- ARGV: 1 keys of reserve (0 holds nothing), 2 its arguments, 3 keys of open, 4 its arguments, then the arguments
--   of the three
-- Returns: {reply of reserve (false when it was not asked), reply of open, reply of the last}; it ends behind the
--   first that refused
-- Atomic. reserve and open are the scripts of these names, last is put-leg or begin-here.
local next_key, next_argument = 1, 5
local function part(keys, arguments)
  local first_key, first_argument = next_key, next_argument
  next_key, next_argument = next_key + keys, next_argument + arguments
  return { unpack(KEYS, first_key, next_key - 1) }, { unpack(ARGV, first_argument, next_argument - 1) }
end
local reserve_keys, reserve_arguments = tonumber(ARGV[1]), tonumber(ARGV[2])
local held = false
if reserve_keys > 0 then
  held = reserve(part(reserve_keys, reserve_arguments))
  if held[1] ~= 'held' then
    return { held }
  end
end
local opened = open(part(tonumber(ARGV[3]), tonumber(ARGV[4])))
if opened ~= 1 then
  return { held, opened }
end
return { held, opened, last(part(#KEYS - next_key + 1, #ARGV - next_argument + 1)) }
