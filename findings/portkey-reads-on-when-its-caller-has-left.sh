#!/usr/bin/env bash
# @portkey-ai/gateway 1.15.2 (on @hono/node-server 1.13.5) before a server that streams a chat of 40 pieces, one every 100 ms. The caller closes its connection after half a second.
#
# One would guess: the gateway closes its connection to the server, which is how a caller tells an engine such as vLLM or llama.cpp to stop computing.
# Seen: the gateway reads all 40 pieces from the server and throws them away: the server writes its answer to the end, and its tokens are paid for.
# Straight to the server, the connection is closed within a few milliseconds of the caller's leaving.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# By default npm takes a newer @hono/node-server, with which this gateway answers nothing but 500.
echo '{"type":"module","dependencies":{"@portkey-ai/gateway":"1.15.2"},"overrides":{"@hono/node-server":"1.13.5"}}' > package.json
npm install --no-audit --no-fund --ignore-scripts >/dev/null 2>&1
cat > play.mjs <<'JS'
import { spawn } from 'node:child_process'
import { createServer, request as ask } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const pieces = 40
let onEnd
const upstream = createServer(async (request, response) => {
  let written = 0
  response.on('close', () => onEnd(written))
  request.resume()
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  while (written < pieces && !response.destroyed) {
    const choices = [{ index: 0, delta: { content: `${written} ` }, finish_reason: written === pieces - 1 ? 'stop' : null }]
    const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices }
    response.write(`data: ${JSON.stringify(chunk)}\n\n`)
    written += 1
    await sleep(100)
  }
  response.end('data: [DONE]\n\n')
})
await new Promise(resolve => upstream.listen(0, '127.0.0.1', resolve))
const server = `http://127.0.0.1:${upstream.address().port}`
const probe = createServer()
await new Promise(resolve => probe.listen(0, '127.0.0.1', resolve))
const { port } = probe.address()
await new Promise(resolve => probe.close(resolve))
const program = 'node_modules/@portkey-ai/gateway/build/start-server.js'
const gateway = spawn('node', [program, `--port=${port}`, '--headless'], { stdio: 'ignore' })
const address = `http://127.0.0.1:${port}`
for (let tries = 0; tries < 100; tries += 1) {
  if (await fetch(address).then(() => true, () => false)) break
  await sleep(100)
}

async function writtenWhenLeft(base) {
  const ended = new Promise(resolve => (onEnd = resolve))
  const headers = {
    'content-type': 'application/json',
    authorization: 'Bearer k',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `${server}/v1`,
  }
  const call = ask(`${base}/v1/chat/completions`, { method: 'POST', headers })
  call.on('response', response => {
    response.on('error', () => {}).resume()
    setTimeout(() => call.destroy(), 500)
  })
  call.on('error', () => {})
  call.end(JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Count.' }] }))
  return ended
}
const direct = await writtenWhenLeft(server)
const through = await writtenWhenLeft(address)
console.log(`pieces that the server wrote: straight ${direct}, through the gateway ${through} of ${pieces}`)
gateway.kill()
process.exit(direct < pieces / 2 && through === pieces ? 0 : 1)
JS
node play.mjs
