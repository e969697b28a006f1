-- Ends a cascade, and takes it out of the index of open ones. For one server, which has the keys of every slot.
-- KEYS: 1 the cascade (hash), 2 open cascades by lease (zset)
-- ARGV: 1-5 as in finish.lua, 6 request
-- Returns: as finish.lua
-- Atomic. finish is the script of this name.
local finished = finish({ KEYS[1] }, { unpack(ARGV, 1, 5) })
if finished == 1 then
  redis.call('ZREM', KEYS[2], ARGV[6])
end
return finished
