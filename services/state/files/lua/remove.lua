-- Frees a file and all of its pieces.
-- KEYS: 1 the tenant's files
-- ARGV: 1 tag, 2 id
-- Returns: 1 when it was there
-- Atomic, one slot.
return removeFile(ARGV[1], ARGV[2])
