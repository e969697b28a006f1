-- Puts a leg in the queue. One that is there already is left alone.
-- KEYS: as in fair-queue.lua
-- ARGV: 1 leg, 2 envelope, 3 cost (ms), 4 charge (ms by weight), 5 latest start (epoch ms), 6 member, 7 most that
--   may wait, 8 last class
-- Returns: {'put', 1 when a batch lease is to be handed out, envelope of the leg that had to make room}, {'known'} or
--   {'full'}
-- Atomic, one slot. When the queue is full, the last of the last class makes room for any other class.
if redis.call('HEXISTS', legs, ARGV[1]) == 1 then
  return { 'known' }
end
-- A router that ran it is gone with its cascade.
free_slot(ARGV[1])
local shed = false
if redis.call('ZCARD', wait) >= tonumber(ARGV[7]) then
  local last = redis.call('ZREVRANGEBYLEX', wait, '[' .. ARGV[8] .. '\255', '[' .. ARGV[8] .. separator, 'LIMIT', 0, 1)[1]
  if not last or string.sub(ARGV[6], 1, 1) == ARGV[8] then
    return { 'full' }
  end
  local id = string.match(last, '([^\31]*)$')
  shed = redis.call('HGET', legs, id)
  leave(place_of(id))
  remove(id)
end
redis.call('HSET', legs, ARGV[1], ARGV[2])
redis.call('HSET', places, ARGV[1], ARGV[3] .. ' ' .. ARGV[4] .. ' ' .. ARGV[5] .. ' ' .. ARGV[6])
enter(place_of(ARGV[1]))
redis.call('HINCRBY', KEYS[11], string.sub(ARGV[6], 1, 1), ARGV[3])
return { 'put', wants_batch_lease(), shed }
