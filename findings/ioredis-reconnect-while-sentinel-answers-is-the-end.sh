#!/usr/bin/env bash
# ioredis 6.0.0 behind a Sentinel (redis-server 7, on PATH), and `disconnect(true)`, "close the connection and connect again".
#
# One would guess: whatever the connection is doing, it is made anew by the retry strategy. With a socket at hand it is.
# Seen: while the Sentinel is being asked for the master's address (status `connecting`, no socket yet), the same call ends the client for
# good: status `end`, the retry strategy is never asked, every later command is refused with "Connection is closed.".
#
# Exits 0 while this is so.
set -euo pipefail
command -v redis-server >/dev/null || { echo "redis-server is not on PATH: nothing was tried"; exit 3; }
folder=$(mktemp -d)
cd "$folder"
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
npm init -y >/dev/null
npm install --no-save --ignore-scripts --no-audit --no-fund ioredis@6.0.0 >/dev/null 2>&1
master=$((20000 + RANDOM % 5000))
sentinel=$((25000 + RANDOM % 5000))
redis-server --port "$master" --save '' --dir "$folder" >/dev/null &
printf 'port %s\nsentinel monitor m 127.0.0.1 %s 1\n' "$sentinel" "$master" > sentinel.conf
redis-server sentinel.conf --sentinel >/dev/null &
cat > finding.mjs <<'JS'
import Redis from 'ioredis'

const [master, sentinel] = process.argv.slice(2).map(Number)
const until = async holds => {
  for (let turn = 0; turn < 200 && !holds(); turn++) await new Promise(resolve => setTimeout(resolve, 25))
}
const tried = async options => {
  let retries = 0
  const redis = new Redis({ ...options, retryStrategy: () => ((retries += 1), 50) })
  redis.on('error', () => {})
  return { redis, retries: () => retries }
}
// With its socket: the call does what it says.
const whole = await tried({ sentinels: [{ host: '127.0.0.1', port: sentinel }], name: 'm' })
await until(() => whole.redis.status === 'ready')
whole.redis.disconnect(true)
await until(() => whole.retries() > 0 && whole.redis.status === 'ready')
// While Sentinel is asked.
const early = await tried({ sentinels: [{ host: '127.0.0.1', port: sentinel }], name: 'm' })
await new Promise(resolve => setImmediate(resolve))
const before = early.redis.status
early.redis.disconnect(true)
await until(() => early.redis.status === 'ready' || early.retries() > 0)
const seen = {
  withSocket: [whole.redis.status, whole.retries()],
  before,
  early: [early.redis.status, early.retries(), await early.redis.ping().catch(error => error.message)],
}
console.log(JSON.stringify(seen))
whole.redis.disconnect()
process.exitCode =
  JSON.stringify(seen) === '{"withSocket":["ready",1],"before":"connecting","early":["end",0,"Connection is closed."]}' ? 0 : 1
JS
for _ in $(seq 40); do redis-cli -p "$sentinel" ping >/dev/null 2>&1 && redis-cli -p "$master" ping >/dev/null 2>&1 && break; sleep 0.1; done
node finding.mjs "$master" "$sentinel"
