-- Starts a cascade with its first leg planned, and lists it among the open ones. For one server, which has the keys
-- of every slot.
-- KEYS: 1 the cascade (hash), 2 open cascades by lease (zset)
-- ARGV: 1-8 as in open.lua, 9 request
-- Returns: as open.lua
-- Atomic. open is the script of this name.
local opened = open({ KEYS[1] }, { unpack(ARGV, 1, 8) })
if opened == 1 then
  redis.call('ZADD', KEYS[2], ARGV[5], ARGV[9])
end
return opened
