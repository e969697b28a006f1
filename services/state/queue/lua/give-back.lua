-- Puts a leg that a ticket has back in line, where it was; its tenant is not charged for it.
-- KEYS: as in line.lua
-- ARGV: 1 ticket, 2 leg
-- Returns: 1 when a ticket is to be handed out for it
-- Atomic, one slot.
if run_of(ARGV[2]) ~= ARGV[1] then
  return 0
end
redis.call('HDEL', running, ARGV[2])
local rest = {}
for id in string.gmatch(redis.call('HGET', tickets, ARGV[1]) or '', '%S+') do
  if id ~= ARGV[2] then
    table.insert(rest, id)
  end
end
redis.call('HSET', tickets, ARGV[1], table.concat(rest, ' '))
local place = place_of(ARGV[2])
enter(place)
local tag = tonumber(redis.call('ZSCORE', turns, place.turn))
redis.call('ZADD', turns, math.max(base_of(place.turn), tag - place.charge), place.turn)
return wants_ticket()
