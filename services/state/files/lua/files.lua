-- Functions over the files of one tenant; each script of this room and of the batches begins with them.
-- `tag` is what every key of the tenant begins with, all in one slot:
--   tag:files   sealed files by the time they were made      tag:ends    every file by the time it ends
--   tag:sizes   bytes of every file                          tag:bytes   bytes of all of them
--   tag:file:ID what is known of a file                      tag:file:ID:N  its pieces, from 0
local function removeFile(tag, id)
  local file = tag .. ':file:' .. id
  for piece = 0, tonumber(redis.call('HGET', file, 'pieces') or 0) - 1 do
    redis.call('UNLINK', file .. ':' .. piece)
  end
  redis.call('DECRBY', tag .. ':bytes', redis.call('HGET', tag .. ':sizes', id) or 0)
  redis.call('HDEL', tag .. ':sizes', id)
  redis.call('ZREM', tag .. ':files', id)
  redis.call('ZREM', tag .. ':ends', id)
  return redis.call('UNLINK', file)
end

-- Removes what has ended; called before room is asked for.
local function removeEnded(tag, now)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', tag .. ':ends', '-inf', now)) do
    removeFile(tag, id)
  end
end

-- A file and its pieces end at `ends`, whether anybody comes back or not, and what is kept of the tenant a day
-- after the last of them.
local function endAt(tag, id, ends)
  local file = tag .. ':file:' .. id
  redis.call('HSET', file, 'ends', ends)
  redis.call('ZADD', tag .. ':ends', ends, id)
  redis.call('PEXPIREAT', file, ends)
  for piece = 0, tonumber(redis.call('HGET', file, 'pieces')) - 1 do
    redis.call('PEXPIREAT', file .. ':' .. piece, ends)
  end
  local last = redis.call('ZREVRANGE', tag .. ':ends', 0, 0, 'WITHSCORES')[2]
  for _, name in ipairs({ 'files', 'ends', 'sizes', 'bytes' }) do
    redis.call('PEXPIREAT', tag .. ':' .. name, string.format('%.0f', tonumber(last) + 86400000))
  end
end

local function beginFile(tag, id, now, ends)
  redis.call('HSET', tag .. ':file:' .. id, 'pieces', 0, 'made', now)
  redis.call('HSET', tag .. ':sizes', id, 0)
  redis.call('INCRBY', tag .. ':bytes', 0)
  endAt(tag, id, ends)
end

-- Adds to the last piece, or begins a new one after 256 kB.
local function append(tag, id, bytes)
  local file = tag .. ':file:' .. id
  local known = redis.call('HMGET', file, 'pieces', 'ends')
  if not known[1] then
    return 0
  end
  local pieces = tonumber(known[1])
  local piece = file .. ':' .. (pieces - 1)
  if pieces == 0 or redis.call('STRLEN', piece) >= 262144 then
    piece = file .. ':' .. pieces
    redis.call('HINCRBY', file, 'pieces', 1)
  end
  redis.call('APPEND', piece, bytes)
  redis.call('PEXPIREAT', piece, known[2])
  redis.call('HINCRBY', tag .. ':sizes', id, #bytes)
  redis.call('INCRBY', tag .. ':bytes', #bytes)
  return 1
end

local function seal(tag, id, name, purpose, ends)
  local file = tag .. ':file:' .. id
  local made = redis.call('HGET', file, 'made')
  if not made then
    return 0
  end
  redis.call('HSET', file, 'name', name, 'purpose', purpose, 'bytes', redis.call('HGET', tag .. ':sizes', id))
  redis.call('ZADD', tag .. ':files', made, id)
  endAt(tag, id, ends)
  return 1
end
