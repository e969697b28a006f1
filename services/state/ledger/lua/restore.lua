-- Puts back what counters are known to have held, and names the data again.
-- KEYS: 1 the generation, 2 counters by the end of their window (sorted set), then the counters
-- ARGV: 1 generation that is there now ('' for none), 2 its new id ('' leaves it), 3 its ancestors, 4 how long a
--   counter outlives its
--       window (ms), 5 'add' to what is there or raise it 'to', then for each counter: window's end (epoch ms), amount
-- Returns: {1}, or {0, the generation that is there} when that is another, and nothing was done
-- Atomic; every key is in the money slot. Raising is idempotent, since what was spent in a window only grows.
local id = redis.call('HGET', KEYS[1], 'id') or ''
if id ~= ARGV[1] then
  return { 0, id }
end
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], 'id', ARGV[2], 'ancestors', ARGV[3])
end
for index = 3, #KEYS do
  local endsAt, amount = ARGV[6 + (index - 3) * 2], ARGV[7 + (index - 3) * 2]
  local missing = tonumber(amount)
  if ARGV[5] == 'to' then
    missing = missing - tonumber(redis.call('HGET', KEYS[index], 'spent') or 0)
  end
  if missing > 0 then
    redis.call('HINCRBY', KEYS[index], 'spent', string.format('%.0f', missing))
    redis.call('PEXPIREAT', KEYS[index], string.format('%.0f', tonumber(endsAt) + tonumber(ARGV[4])))
    redis.call('ZADD', KEYS[2], endsAt, KEYS[index])
  end
end
return { 1 }
