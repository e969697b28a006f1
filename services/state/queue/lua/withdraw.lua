-- Takes a waiting leg out of the queue.
-- KEYS: as in fair-queue.lua
-- ARGV: 1 leg
-- Returns: 1, or 0 when it is running or gone
-- Atomic, one slot.
local place = place_of(ARGV[1])
if not place or redis.call('HEXISTS', running, ARGV[1]) == 1 then
  return 0
end
leave(place)
remove(ARGV[1])
return 1
