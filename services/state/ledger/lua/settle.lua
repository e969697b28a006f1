-- Turns a hold into what was spent, once.
-- KEYS: 1 the hold, 2 holds by lease (sorted set)
-- ARGV: 1 hold id, 2 how long a settled hold is remembered (ms), 3 now (epoch ms), 4 cost of lost attempts, 5
--   what is estimated,
--       6 tokens used ('' when not known; at most ten times those taken are charged to the rate), 7 words parted by
--       spaces: share, what was spent of it, …
-- Returns: {1, what went beyond the tenant's share} when this call settled it, {0, 0} when it was settled before
--   or never held
-- Atomic. The names of counters and clock are in the hold: they carry the same hash tag, so they are in the same slot.
local flat = redis.call('HGETALL', KEYS[1])
local hold = {}
for at = 1, #flat, 2 do
  hold[flat[at]] = flat[at + 1]
end
if hold.state ~= 'held' then
  return { 0, '0' }
end
local spent = amountsByShare(ARGV[7])
local beyond = 0
local minuteMs = 60000
local index = 1
while hold['c' .. index] do
  local counter, share, amount = hold['c' .. index], hold['s' .. index], hold['a' .. index]
  local used = spent[share] or 0
  local charged, exists = charge(counter, share, tonumber(amount), used, ARGV[4], ARGV[5])
  if share == 'tenant' then
    beyond = used - charged
  end
  if exists and amount ~= '0' then
    redis.call('HINCRBY', counter, 'reserved', '-' .. amount)
  end
  index = index + 1
end
if hold.rate and ARGV[6] ~= '' then
  local time = redis.call('TIME')
  local server_now = time[1] * 1000 + math.floor(time[2] / 1000)
  local now = math.min(tonumber(ARGV[3]), server_now)
  -- As in reserve.lua.
  local kept, kept_at = string.match(redis.call('GET', hold.rate) or '0 0', '(%S+) (%S+)')
  local clock = kept - math.max(0, kept_at - server_now)
  local taken = tonumber(hold.taken)
  -- A server can report millions of tokens: its tenant is not to wait for days.
  local used = math.min(tonumber(ARGV[6]), 10 * taken)
  local later = clock - (taken - used) * tonumber(hold.interval)
  if later > now then
    redis.call('SET', hold.rate, string.format('%.17g %.0f', later, server_now), 'PX', math.ceil(later - now) + minuteMs)
  elseif clock > 0 then
    redis.call('DEL', hold.rate)
  end
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'state', 'settled')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[1])
return { 1, text(beyond) }
