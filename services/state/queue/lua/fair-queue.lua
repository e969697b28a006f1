-- What every script on a pool's fair queue shares; put before each of them.
-- KEYS: 1 legs (hash: leg → envelope), 2 places (hash: leg → 'cost charge latest-start member'), 3 wait (zset by
--   name: class, tenant,
--       model, deadline, leg), 4 turns (zset: class and tenant → class and virtual start tag), 5 idle (zset: the
--       same of tenants that
--       have nothing waiting), 6 clocks (hash: class → virtual time), 7 backlog (hash: class, tenant and model → ms
--       of work waiting),
--       8 running (hash: leg → 'batch lease start', start in epoch ms of this server), 9 batch leases (hash: batch
-- lease → legs),       10 supply (batch leases out that nobody has used),
--       11 put (hash: class → ms of work put in the queue so far), 12 express (zset: leg that its router runs → end
--       of the router's lease on its slot, epoch ms), 13 concurrency (batches that the pool may have at work, as a
--       router last said)
-- All keys are in the pool's slot.
local legs, places, wait, turns, idle = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local clocks, backlog, running, batchLeases, supply = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local express, concurrency = KEYS[12], KEYS[13]
local separator = '\31'
-- Virtual times stay far below this, and four classes of it are exact in a double.
local class_span = 1e15

local function base_of(turn)
  return tonumber(string.sub(turn, 1, 1)) * class_span
end

local function turn_of(member)
  return string.match(member, '^([^\31]*\31[^\31]*)\31')
end

local function first_of(prefix)
  return redis.call('ZRANGEBYLEX', wait, '[' .. prefix .. separator, '[' .. prefix .. separator .. '\255', 'LIMIT', 0, 1)[1]
end

local function place_of(id)
  local place = redis.call('HGET', places, id)
  if not place then
    return nil
  end
  local cost, charge, latest, member = string.match(place, '^(%d+) (%d+) (%d+) (.*)$')
  return {
    cost = tonumber(cost),
    charge = tonumber(charge),
    latest = tonumber(latest),
    member = member,
    turn = turn_of(member),
    kind = string.match(member, '^([^\31]*\31[^\31]*\31[^\31]*)\31'),
  }
end

-- This server's time (epoch ms).
local function server_time()
  local clock = redis.call('TIME')
  return clock[1] * 1000 + math.floor(clock[2] / 1000)
end

-- The batch lease that a leg runs for, and since when; nothing when it does not run.
local function run_of(id)
  local batchLease, start = string.match(redis.call('HGET', running, id) or '', '^(%S+) (%d+)$')
  return batchLease, tonumber(start)
end

-- A tenant that comes back goes on at the virtual time, or where it ended when that is later: a pause saves nothing up.
local function enter(place)
  redis.call('ZADD', wait, 0, place.member)
  redis.call('HINCRBY', backlog, place.kind, place.cost)
  if redis.call('ZSCORE', turns, place.turn) then
    return
  end
  local base = base_of(place.turn)
  local tag = base + tonumber(redis.call('HGET', clocks, string.sub(place.turn, 1, 1)) or 0)
  local ended = redis.call('ZSCORE', idle, place.turn)
  if ended then
    tag = math.max(tag, tonumber(ended))
    redis.call('ZREM', idle, place.turn)
  end
  redis.call('ZADD', turns, tag, place.turn)
end

-- When the last of a class has left, its history is forgotten: fairness is about those who wait.
local function leave(place)
  redis.call('ZREM', wait, place.member)
  if redis.call('HINCRBY', backlog, place.kind, -place.cost) <= 0 then
    redis.call('HDEL', backlog, place.kind)
  end
  if first_of(place.turn) then
    return
  end
  local tag = redis.call('ZSCORE', turns, place.turn)
  redis.call('ZREM', turns, place.turn)
  local base = base_of(place.turn)
  if redis.call('ZCOUNT', turns, base, '(' .. string.format('%.0f', base + class_span)) == 0 then
    redis.call('HDEL', clocks, string.sub(place.turn, 1, 1))
    redis.call('ZREMRANGEBYSCORE', idle, base, '(' .. string.format('%.0f', base + class_span))
  elseif tag then
    redis.call('ZADD', idle, tag, place.turn)
  end
end

local function remove(id)
  redis.call('HDEL', places, id)
  redis.call('HDEL', legs, id)
end

-- The batch lease under which a leg that its router runs counts as a batch at work.
local function express_batch_lease(id)
  return 'express:' .. id
end

-- Gives the slot of a leg back that its router runs; false when it has none.
local function free_slot(id)
  if redis.call('ZREM', express, id) == 0 then
    return false
  end
  redis.call('HDEL', batchLeases, express_batch_lease(id))
  if run_of(id) == express_batch_lease(id) then
    redis.call('HDEL', running, id)
    redis.call('HDEL', places, id)
  end
  return true
end

-- Gives the slots back whose routers have stopped renewing them.
local function free_lost_slots()
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', express, '-inf', server_time())) do
    free_slot(id)
  end
end

-- Batch leases that there are to be: as many as legs that wait. While routers run legs, no more than slots are free, so
-- that both together keep to them.
local function batch_leases_wanted()
  local waiting = redis.call('ZCARD', wait)
  if waiting == 0 or redis.call('ZCARD', express) == 0 then
    return waiting
  end
  free_lost_slots()
  if redis.call('ZCARD', express) == 0 then
    return waiting
  end
  return math.min(waiting, math.max(0, tonumber(redis.call('GET', concurrency) or 0) - redis.call('HLEN', batchLeases)))
end

-- 1 when the one who asked has to hand out a batch lease.
local function wants_batch_lease()
  if tonumber(redis.call('GET', supply) or 0) >= batch_leases_wanted() then
    return 0
  end
  redis.call('INCR', supply)
  return 1
end
