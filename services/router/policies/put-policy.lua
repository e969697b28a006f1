-- Keeps a policy folder, and lets go of the oldest that have no role when there are too many.
-- KEYS: 1 folders by version (hash), 2 versions by time (sorted set), 3 roles (hash)
-- ARGV: 1 version, 2 folder (packed), 3 now (epoch ms), 4 most versions
-- Returns: 1 when it was not there before, else 0
-- Atomic, one slot.
local new = redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
local roles = redis.call('HMGET', KEYS[3], 'active', 'shadow')
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[4])
if over > 0 then
  for _, version in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
    if over > 0 and version ~= roles[1] and version ~= roles[2] and version ~= ARGV[1] then
      redis.call('ZREM', KEYS[2], version)
      redis.call('HDEL', KEYS[1], version)
      over = over - 1
    end
  end
end
return new
