-- Writes rows of a batch down: each once, with its line at the end of its file and its sums.
-- KEYS: 1 the batch (hash), 2 its rows that are recorded (bits)
-- ARGV: 1 tag of the files, 2 epoch, 3 until when the bits are kept (epoch ms), then for each row: its number,
--   'completed' or 'failed', line, cost (nano-USD), tokens in, of a cache, out, of reasoning
-- Returns: 1, or 0 when the lease is lost
-- Atomic, one slot.
if isFenced(KEYS[1], ARGV[2]) then
  return 0
end
local files = redis.call('HMGET', KEYS[1], 'output', 'error')
for at = 4, #ARGV, 8 do
  if redis.call('SETBIT', KEYS[2], ARGV[at], 1) == 0 then
    local outcome = ARGV[at + 1]
    append(ARGV[1], outcome == 'completed' and files[1] or files[2], ARGV[at + 2])
    redis.call('HINCRBY', KEYS[1], outcome, 1)
    for place, name in ipairs({ 'cost', 'input', 'cached', 'written', 'reasoning' }) do
      redis.call('HINCRBY', KEYS[1], name, ARGV[at + 2 + place])
    end
  end
end
redis.call('PEXPIREAT', KEYS[2], ARGV[3])
return 1
