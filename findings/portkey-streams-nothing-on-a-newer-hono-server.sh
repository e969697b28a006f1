#!/usr/bin/env bash
# @portkey-ai/gateway 1.15.2, which asks for `@hono/node-server: ^1.3.3`, before a server that answers chats by the book; installed twice, once with
# @hono/node-server 1.13.5 and once with 1.19.19, the one that npm chooses by itself today.
#
# One would guess: both are within the range that the gateway asks for, so both serve.
# Seen: with 1.13.5 a chat is answered, streamed or not. With 1.19.19 a chat that is not streamed is answered, and every streamed one is 500 "Something
# went wrong": the gateway calls the server, which streams its answer (and would be paid), and fails on its own first header (`TypeError: immutable`).
# So what `npx @portkey-ai/gateway` installs today streams nothing, while its health checks and plain calls are well.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > play.mjs <<'JS'
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

let calls = 0
const upstream = createServer((request, response) => {
  calls += 1
  request.resume()
  const one = { id: 'c', created: 1, model: 'm' }
  const choice = { index: 0, finish_reason: 'stop' }
  const words = { role: 'assistant', content: 'Oslo.' }
  if (request.url.endsWith('/stream/chat/completions')) {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const chunk = { ...one, object: 'chat.completion.chunk', choices: [{ ...choice, delta: words }] }
    response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`)
  } else {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ ...one, object: 'chat.completion', choices: [{ ...choice, message: words }] }))
  }
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
async function ask(stream) {
  const headers = {
    'content-type': 'application/json',
    authorization: 'Bearer k',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `${server}/${stream ? 'stream' : 'plain'}`,
  }
  const body = JSON.stringify({ model: 'm', stream, messages: [{ role: 'user', content: 'The capital of Norway?' }] })
  const { status } = await fetch(`${address}/v1/chat/completions`, { method: 'POST', headers, body })
  return status
}
console.log(`plain ${await ask(false)}, streamed ${await ask(true)} after ${calls} calls of the server`)
gateway.kill()
process.exit()
JS
seen=""
for version in 1.13.5 1.19.19; do
  rm -rf node_modules package-lock.json
  echo "{\"type\":\"module\",\"dependencies\":{\"@portkey-ai/gateway\":\"1.15.2\"},\"overrides\":{\"@hono/node-server\":\"$version\"}}" > package.json
  npm install --no-audit --no-fund --ignore-scripts >/dev/null 2>&1
  answer=$(node play.mjs)
  echo "@hono/node-server $version: $answer"
  seen="$seen$answer; "
done
[ "$seen" = "plain 200, streamed 200 after 2 calls of the server; plain 200, streamed 500 after 2 calls of the server; " ]
