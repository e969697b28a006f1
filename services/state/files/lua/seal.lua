-- Shows a file to its tenant.
-- KEYS: 1 the tenant's files
-- ARGV: 1 tag, 2 id, 3 name, 4 purpose, 5 when it ends (epoch ms)
-- Returns: 1, or 0 when it is gone
-- Atomic, one slot.
return seal(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
