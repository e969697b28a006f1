-- Adds bytes at the end of a file if its tenant has room.
-- KEYS: 1 the tenant's files
-- ARGV: 1 tag, 2 id, 3 bytes, 4 quota (bytes)
-- Returns: 1, 0 when the file is gone, -1 when there is no room
-- Atomic, one slot.
local tag = ARGV[1]
if tonumber(redis.call('GET', tag .. ':bytes') or 0) + #ARGV[3] > tonumber(ARGV[4]) then
  return -1
end
return append(tag, ARGV[2], ARGV[3])
