#!/usr/bin/env bash
# Node 20.20.2, 22.23.3 and 24.21.0 (npm package `node`), `node:http2` on both ends, two processes: the server says GOAWAY (NO_ERROR, highest stream id)
# on a connection with no open stream and then sends a PING, as RFC 9113, 6.8 advises for a shutdown that loses nothing.
#
# One would guess: the PING is answered within a round trip, and the idle connection is closed, with a 'close' event on both ends.
# Seen: in three seconds the callback of the PING is not called, and neither session emits 'close' (the client's is `destroyed`, and its socket stays open).
# A client that writes frames by hand, or a connection with a stream that is still open, is answered at once. So a server that waits for the PING of
# each client, or for its sessions' 'close', waits for its time limit, one idle client being enough.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > server.mjs <<'JS'
import http2 from 'node:http2'
const server = http2.createServer()
let session, slow
server.on('session', it => (session = it))
server.on('stream', (stream, headers) => {
  stream.respond({ ':status': 200 })
  if (headers[':path'] === '/slow') (slow = stream).write('begun')
  else stream.end('done')
})
process.on('message', () => {
  const startedAt = Date.now()
  let pong = 'none', close = 'none'
  session.once('close', () => (close = `${Date.now() - startedAt} ms`))
  session.goaway(0, 2 ** 31 - 1)
  session.ping(error => (pong = error ? error.code : 'answered'))
  setTimeout(() => { process.send({ pong, close }); process.exit() }, 3000)
})
server.listen(0, '127.0.0.1', () => process.send(server.address().port))
JS
cat > client.mjs <<'JS'
import http2 from 'node:http2'
import { fork } from 'node:child_process'
import { once } from 'node:events'
async function play(path) {
  const server = fork(new URL('server.mjs', import.meta.url), { execArgv: [] })
  const [port] = await once(server, 'message')
  const client = http2.connect(`http://127.0.0.1:${port}`)
  let closed = 'none'
  client.on('close', () => (closed = 'emitted'))
  client.on('error', () => {})
  const request = client.request({ ':path': path })
  request.on('error', () => {})
  request.end()
  await once(request, 'data')
  if (path === '/fast') await once(request.resume(), 'close')
  await new Promise(resolve => setTimeout(resolve, 100))
  server.send('shut down')
  const [seen] = await once(server, 'message')
  return `pong ${seen.pong}, server's close ${seen.close}, client's close ${closed}`
}
const idle = await play('/fast')
const busy = await play('/slow')
console.log(`${process.version} idle: ${idle}; with an open stream: ${busy}`)
process.exit(/^pong none, server's close none/u.test(idle) && /^pong answered/u.test(busy) ? 0 : 1)
JS
for version in 20.20.2 22.23.3 24.21.0; do
  mkdir -p "$version"
  npm install --prefix "$version" --no-audit --no-fund "node@$version" >/dev/null 2>&1
  "$version/node_modules/node/bin/node" client.mjs
done
