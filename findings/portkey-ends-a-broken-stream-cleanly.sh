#!/usr/bin/env bash
# @portkey-ai/gateway 1.15.2 (on @hono/node-server 1.13.5) between the OpenAI SDK for Node (openai 7.59.0) and a server whose connection breaks after three pieces of a streamed chat:
# no finish_reason, no `[DONE]`, the socket is reset.
#
# One would guess: the gateway breaks off its own answer too, so the SDK's loop throws as it does without the gateway, and the caller tries again.
# Seen: the gateway ends its answer properly (the last chunk of the chunked body is sent). The SDK's loop ends without an error after three pieces, and a
# caller that does not look for a finish_reason takes half an answer for a whole one. Straight to the server, the same loop throws.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# By default npm takes a newer @hono/node-server, with which this gateway answers nothing but 500.
echo '{"type":"module","dependencies":{"@portkey-ai/gateway":"1.15.2","openai":"7.59.0"},"overrides":{"@hono/node-server":"1.13.5"}}' > package.json
npm install --no-audit --no-fund --ignore-scripts >/dev/null 2>&1
cat > play.mjs <<'JS'
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'

const piece = content => {
  const choices = [{ index: 0, delta: { content }, finish_reason: null }]
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices })}\n\n`
}
const upstream = createServer(async (request, response) => {
  request.resume()
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const word of ['one ', 'two ', 'three ']) {
    response.write(piece(word))
    await sleep(100)
  }
  response.socket.resetAndDestroy()
})
await new Promise(resolve => upstream.listen(0, '127.0.0.1', resolve))
const server = `http://127.0.0.1:${upstream.address().port}/v1`
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

async function ask(baseURL) {
  const defaultHeaders = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': server }
  const client = new OpenAI({ baseURL, apiKey: 'k', maxRetries: 0, defaultHeaders })
  let text = ''
  try {
    const stream = await client.chat.completions.create({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Count.' }] })
    for await (const chunk of stream) text += chunk.choices[0].delta.content
    return `"${text}", then the end`
  } catch {
    return `"${text}", then an error`
  }
}
const direct = await ask(server)
const through = await ask(`${address}/v1`)
console.log(`straight: ${direct}\nthrough the gateway: ${through}`)
gateway.kill()
process.exit(direct === '"one two three ", then an error' && through === '"one two three ", then the end' ? 0 : 1)
JS
node play.mjs
