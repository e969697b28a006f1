-- A worker asks to run a leg; counts the attempt.
-- KEYS: 1 the cascade (hash)
-- ARGV: 1 index, 2 worker, 3 now (epoch ms), 4 most workers that it may take with it
-- Returns: {word, attempt}: run, ended, cancelled, expired, poison or gone
-- Atomic, one slot. A worker that loses a leg leaves a receipt (leave-receipt.lua); an attempt without one died
-- with its worker. A leg that is refused is counted on, so that each refusal has an attempt of its own to end it
-- by.
local leg = 'l' .. ARGV[1]
local state = redis.call('HMGET', KEYS[1], leg, leg .. ':e', leg .. ':a', 'cancelled', 'end', 'deadline')
if not state[1] then
  return { 'gone', 0 }
end
local attempts = tonumber(state[3] or 0)
if state[2] then
  return { 'ended', attempts }
end
if state[4] or state[5] then
  return { 'cancelled', attempts }
end
-- A worker whose clock is ahead lets nothing expire.
local clock = redis.call('TIME')
if tonumber(state[6]) <= math.min(tonumber(ARGV[3]), clock[1] * 1000 + math.floor(clock[2] / 1000)) then
  return { 'expired', attempts }
end
local deaths = 0
for earlier = 1, attempts do
  if redis.call('HEXISTS', KEYS[1], leg .. ':f' .. earlier) == 0 then
    deaths = deaths + 1
  end
end
local attempt = redis.call('HINCRBY', KEYS[1], leg .. ':a', 1)
redis.call('HSET', KEYS[1], leg .. ':w', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'rev', 1)
if deaths >= tonumber(ARGV[4]) then
  return { 'poison', attempt }
end
return { 'run', attempt }
