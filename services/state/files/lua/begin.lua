-- Begins a file if its tenant has room.
-- KEYS: 1 the tenant's files, whose name without its end is the tag
-- ARGV: 1 tag, 2 id, 3 now (epoch ms), 4 when it ends (epoch ms), 5 quota (bytes), 6 most files
-- Returns: 1, or 0 when there is no room
-- Atomic, one slot.
local tag = ARGV[1]
removeEnded(tag, ARGV[3])
if tonumber(redis.call('GET', tag .. ':bytes') or 0) >= tonumber(ARGV[5]) then
  return 0
end
if redis.call('ZCARD', tag .. ':ends') >= tonumber(ARGV[6]) then
  return 0
end
beginFile(tag, ARGV[2], ARGV[3], ARGV[4])
return 1
