-- Runs calls of several scripts, each as if it came alone.
-- KEYS: those of the calls, one after the other
-- ARGV: of each call: which script (from 1), number of its keys, number of its arguments, its arguments
-- Returns: of each call {1, its reply} or {0, why it failed}; where every call failed, the first failure as an error
-- Atomic. scripts is the list of the scripts.
local replies, failures, first = {}, 0, nil
local key, argument = 1, 1
while argument <= #ARGV do
  local script = scripts[tonumber(ARGV[argument])]
  local keys, arguments = tonumber(ARGV[argument + 1]), tonumber(ARGV[argument + 2])
  argument = argument + 3
  local own_keys = { unpack(KEYS, key, key + keys - 1) }
  local own_arguments = { unpack(ARGV, argument, argument + arguments - 1) }
  key, argument = key + keys, argument + arguments
  local done, reply = pcall(script, own_keys, own_arguments)
  if done then
    replies[#replies + 1] = { 1, reply }
  else
    local why = type(reply) == 'table' and reply.err or tostring(reply)
    failures, first = failures + 1, first or why
    replies[#replies + 1] = { 0, why }
  end
end
if failures == #replies then
  return redis.error_reply(first)
end
return replies
