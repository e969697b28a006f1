-- Notes in a router's slice what a request may spend of it.
-- KEYS: 1 the generation, 2 the slice, 3 its draws (hash)
-- ARGV: 1 generation and reign that the router knows, parted by a space, 2 hold id, 3 words parted by spaces: index of
--   a counter in the slice, amount, 1 where it is of the slice's own money, …
-- Returns: {'held', 1} as reserve.lua, {'closed'} when the slice is not this router's any more, or {'settled'}
-- Atomic; every key is in the money slot. The router draws no more than its slice has.
local generation = redis.call('HMGET', KEYS[1], 'id', 'reign')
if not generation[1] or generation[1] .. ' ' .. (generation[2] or '0') ~= ARGV[1] then
  return { 'closed' }
end
if redis.call('HGET', KEYS[2], 'state') ~= 'open' then
  return { 'closed' }
end
if redis.call('HSETNX', KEYS[3], ARGV[2], ARGV[3]) == 0 then
  return { 'settled' }
end
return { 'held', 1 }
