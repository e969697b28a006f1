-- Puts a leg in line and hands out a ticket for it where one is lacking.
-- KEYS: 1-11 as in line.lua, 12-20 as in BullMQ's addStandardJob
-- ARGV: 1-8 as in put.lua, 9 prefix of the tickets' keys, 10 now (epoch ms)
-- Returns: as put.lua
-- Atomic, one slot. put and add_ticket are the scripts of these names.
local reply = put({ unpack(KEYS, 1, 11) }, { unpack(ARGV, 1, 8) })
if reply[1] == 'put' and reply[2] == 1 then
  local options = { attempts = 1, removeOnComplete = true, removeOnFail = true }
  local ticket = { ARGV[9], '', 'ticket', tonumber(ARGV[10]) }
  add_ticket({ unpack(KEYS, 12, 20) }, { cmsgpack.pack(ticket), 'null', cmsgpack.pack(options) })
end
return reply
