-- Keeps a file at least until a time.
-- KEYS: 1 the tenant's files
-- ARGV: 1 tag, 2 id, 3 until when (epoch ms)
-- Returns: 1, or 0 when it is gone
-- Atomic, one slot.
local ends = redis.call('HGET', ARGV[1] .. ':file:' .. ARGV[2], 'ends')
if not ends then
  return 0
end
if tonumber(ends) < tonumber(ARGV[3]) then
  endAt(ARGV[1], ARGV[2], ARGV[3])
end
return 1
