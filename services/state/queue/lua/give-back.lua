-- Puts a leg that a batch lease has back in the queue, where it was; its tenant is not charged for it.
-- KEYS: as in fair-queue.lua
-- ARGV: 1 batch lease, 2 leg
-- Returns: 1 when a batch lease is to be handed out for it
-- Atomic, one slot.
if run_of(ARGV[2]) ~= ARGV[1] then
  return 0
end
redis.call('HDEL', running, ARGV[2])
local rest = {}
for id in string.gmatch(redis.call('HGET', batchLeases, ARGV[1]) or '', '%S+') do
  if id ~= ARGV[2] then
    table.insert(rest, id)
  end
end
redis.call('HSET', batchLeases, ARGV[1], table.concat(rest, ' '))
local place = place_of(ARGV[2])
enter(place)
local tag = tonumber(redis.call('ZSCORE', turns, place.turn))
redis.call('ZADD', turns, math.max(base_of(place.turn), tag - place.charge), place.turn)
return wants_batch_lease()
