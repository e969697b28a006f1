-- Takes the next batch for a batch lease: legs of one model, by class, then by turns of the tenants, then by deadline.
-- KEYS: as in fair-queue.lua
-- ARGV: 1 batch lease, 2 now (epoch ms), 3 new or more (adds to what the batch lease has), then pairs: a model, most
-- legs of it
-- Returns: {envelopes of the batch, envelopes of legs that cannot end in time any more, which leave the queue,
--   legs of the batch}
-- Atomic, one slot. A batch lease that has legs already (its worker died) gets the same again.
local lookahead = 32
local picked, expired, ids, limits, models = {}, {}, {}, {}, {}
-- A worker whose clock is ahead lets nothing expire.
local clock = redis.call('TIME')
local now = math.min(tonumber(ARGV[2]), clock[1] * 1000 + math.floor(clock[2] / 1000))
for at = 4, #ARGV, 2 do
  limits[ARGV[at]] = tonumber(ARGV[at + 1])
  table.insert(models, ARGV[at])
end

local held = redis.call('HGET', batchLeases, ARGV[1])
if ARGV[3] == 'new' then
  if held then
    for id in string.gmatch(held, '%S+') do
      local envelope = redis.call('HGET', legs, id)
      if envelope then
        table.insert(picked, envelope)
        table.insert(ids, id)
      end
    end
    return { picked, expired, ids }
  end
  if tonumber(redis.call('GET', supply) or 0) > 0 then
    redis.call('DECR', supply)
  end
end

-- The leg of a tenant with the earliest deadline, over the models that are asked for.
local function earliest(turn)
  local best, best_rest
  for _, model in ipairs(models) do
    local member = first_of(turn .. separator .. model)
    local rest = member and string.sub(member, #turn + #model + 3)
    if rest and (not best or rest < best_rest) then
      best, best_rest = member, rest
    end
  end
  return best
end

-- The same, after those that are too late have left; nothing when the tenant has none of these models.
local function candidate(turn)
  while true do
    local member = earliest(turn)
    if not member then
      return nil
    end
    local id = string.match(member, '([^\31]*)$')
    local place = place_of(id)
    if place.latest >= now then
      return id, place
    end
    table.insert(expired, redis.call('HGET', legs, id))
    leave(place)
    remove(id)
  end
end

local function pick(id, place)
  local class = string.sub(place.turn, 1, 1)
  local start = tonumber(redis.call('ZSCORE', turns, place.turn)) - base_of(place.turn)
  if start > tonumber(redis.call('HGET', clocks, class) or 0) then
    redis.call('HSET', clocks, class, string.format('%.0f', start))
    redis.call('ZREMRANGEBYSCORE', idle, base_of(place.turn), '(' .. string.format('%.0f', base_of(place.turn) + start))
  end
  redis.call('ZINCRBY', turns, place.charge, place.turn)
  leave(place)
  redis.call('HSET', running, id, ARGV[1] .. ' ' .. string.format('%.0f', server_time()))
  table.insert(picked, redis.call('HGET', legs, id))
  table.insert(ids, id)
  if #picked == 1 then
    local model = string.match(place.member, '^[^\31]*\31[^\31]*\31([^\31]*)')
    models = { model }
  end
end

local offset = 0
while offset < lookahead and (#picked == 0 or #picked < limits[models[1]]) do
  local turn = redis.call('ZRANGE', turns, offset, offset)[1]
  if not turn then
    break
  end
  local id, place = candidate(turn)
  if id then
    pick(id, place)
    offset = 0
  elseif redis.call('ZSCORE', turns, turn) then
    offset = offset + 1
  end
end
if #ids > 0 then
  redis.call('HSET', batchLeases, ARGV[1], (held and held .. ' ' or '') .. table.concat(ids, ' '))
end
return { picked, expired, ids }
