-- Takes a batch lease with its batch and begins every leg of it in the cascade log. For one server, which has the keys
-- of every slot.
-- KEYS: as in take-batch-lease.lua
-- ARGV: 1 worker, 2 most workers that a leg may take with it, 3, 4 what a cascade's key has before and after the
--   request's id, then as in take-batch-lease.lua
-- Returns: as take-batch-lease.lua, with what begin-leg.lua said of each leg instead of the legs
-- Atomic. take_batch_lease and begin_leg are the scripts of these names.
-- It may have waited here for its batch lease, so it goes by the time at which it runs.
local clock = redis.call('TIME')
local arguments = { unpack(ARGV, 5) }
arguments[2] = string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000))
local reply = take_batch_lease(KEYS, arguments)
local begun = {}
for at, id in ipairs(reply[5] or {}) do
  local request, index = string.match(id, '^(%x+)%.(%d+)$')
  begun[at] = begin_leg({ ARGV[3] .. request .. ARGV[4] }, { index, ARGV[1], arguments[2], ARGV[2] })
end
if reply[5] then
  reply[5] = begun
end
return reply
