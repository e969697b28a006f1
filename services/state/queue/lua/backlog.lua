-- What waits and runs in a pool.
-- KEYS: as in fair-queue.lua
-- ARGV: 1 most legs at work that are told one by one
-- Returns: {waiting, running, flat pairs of work by class, tenant and model, flat pairs of work put in the queue by
--   class, batches at work,
--          flat triples of legs at work: model, cost (ms), ms since it was taken}
-- Atomic, one slot.
local now = server_time()
local most = tonumber(ARGV[1])
local at_work = {}
for _, id in ipairs(redis.call('HKEYS', running)) do
  if #at_work >= most * 3 then
    break
  end
  local _, start = run_of(id)
  local place = place_of(id)
  if start and place then
    table.insert(at_work, string.match(place.member, '^[^\31]*\31[^\31]*\31([^\31]*)'))
    table.insert(at_work, place.cost)
    table.insert(at_work, math.max(0, now - start))
  end
end
return {
  redis.call('ZCARD', wait),
  redis.call('HLEN', running),
  redis.call('HGETALL', backlog),
  redis.call('HGETALL', KEYS[11]),
  redis.call('HLEN', batchLeases),
  at_work,
}
