-- Writes a leg's end and receipt, and tells the router that waits for it. For one server, which has the keys of
-- every slot.
-- KEYS: 1 the cascade (hash), 2 the router's box (stream)
-- ARGV: 1-4 as in end-leg.lua, 5 most unread entries, 6 the message up to its end, 7 longest end that goes along
-- (bytes)
-- Returns: as end-leg.lua
-- Atomic. end_leg is the script of this name.
local word = end_leg({ KEYS[1] }, { unpack(ARGV, 1, 4) })
if word == 'recorded' then
  local tail = #ARGV[3] <= tonumber(ARGV[7]) and ',"end":' .. ARGV[3] .. '}' or '}'
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[5], '*', 'm', ARGV[6] .. tail)
end
return word
