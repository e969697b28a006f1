#!/usr/bin/env bash
# Claude Code 2.1.332 (npm package `@anthropic-ai/claude-code-linux-x64`), `claude --print 'say hello'` against a server that speaks the Messages wire
# and refuses every request: 400, `invalid_request_error`, "messages: this model does not take the request".
#
# One would guess: one request, or one and a fallback. A 400 says that the same request will fail again, the SDKs retry 408, 409, 429 and 5xx only, and
# the message names no beta.
# Seen: six requests within three seconds, each with `x-stainless-retry-count: 0`, so that nothing marks them as repeats. They differ in `anthropic-beta`
# alone (8, 7, 7, 7, 6, 6 names), and half-way the list of tools grows from 12 to 21. A gateway that counts, limits or bills refused requests sees six
# users' worth of them for one prompt, and its own wording of a refusal makes no difference.
#
# Exits 0 while one prompt makes at least four requests, all unmarked, with fewer betas at the end than at the start.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts @anthropic-ai/claude-code-linux-x64@2.1.332 >/dev/null 2>&1
mkdir project
cat > play.mjs <<'JS'
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
const seen = []
const server = createServer(async (request, response) => {
  let text = ''
  for await (const piece of request) text += piece
  if (request.method === 'POST') {
    const { tools = [] } = JSON.parse(text)
    const betas = (request.headers['anthropic-beta'] ?? '').split(',').filter(name => name !== '')
    seen.push({ betas: betas.length, tools: tools.length, retry: request.headers['x-stainless-retry-count'] })
  }
  const error = { type: 'invalid_request_error', message: 'messages: this model does not take the request' }
  response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ type: 'error', error }))
})
server.listen(0, '127.0.0.1', () => {
  const env = {
    PATH: process.env.PATH,
    HOME: process.cwd(),
    ANTHROPIC_BASE_URL: `http://127.0.0.1:${server.address().port}`,
    ANTHROPIC_API_KEY: 'none',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  }
  const program = `${process.cwd()}/node_modules/@anthropic-ai/claude-code-linux-x64/claude`
  const child = spawn(program, ['--print', 'say hello'], { cwd: 'project', env, stdio: ['ignore', 'inherit', 'ignore'] })
  setTimeout(() => child.kill(), 120_000).unref()
  child.on('close', () => {
    console.log(seen.map(({ betas, tools, retry }) => `${betas} betas, ${tools} tools, retry ${retry}`).join('\n'))
    const isSo = seen.length >= 4 && seen.every(({ retry }) => retry === '0') && seen.at(-1).betas < seen[0].betas
    process.exit(isSo ? 0 : 1)
  })
})
JS
node play.mjs
