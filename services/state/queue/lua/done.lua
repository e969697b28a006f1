-- Lets go of every leg that a ticket has.
-- KEYS: as in line.lua
-- ARGV: 1 ticket
-- Returns: how many there were
-- Atomic, one slot.
local count = 0
for id in string.gmatch(redis.call('HGET', tickets, ARGV[1]) or '', '%S+') do
  if run_of(id) == ARGV[1] then
    redis.call('HDEL', running, id)
    forget(id)
    count = count + 1
  end
end
redis.call('HDEL', tickets, ARGV[1])
return count
