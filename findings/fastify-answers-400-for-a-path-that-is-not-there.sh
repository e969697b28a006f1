#!/usr/bin/env bash
# Fastify 5.12.8 with one route, `POST /there`, and a handler for what is not found. Requests without a body come with `content-type: application/json`,
# as HTTP clients send that set the header for every call.
#
# One would guess: a path that is not there is 404 by the handler, whatever the headers say; there is no route whose body could be parsed.
# Seen: `DELETE /nope` and `OPTIONS /there` are 400 FST_ERR_CTP_EMPTY_JSON_BODY in Fastify's own shape, and the handler is not asked. The parser runs
# before it, for JSON alone: `POST /nope` with `text/csv`, a type that no parser takes, is 404 by the handler. So a server whose errors all have one shape
# has another one here, and a client that asks whether a method is there reads that its body is at fault.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund fastify@5.12.8 >/dev/null 2>&1
cat > play.mjs <<'JS'
import Fastify from 'fastify'
const app = Fastify()
app.post('/there', async () => 'ok')
app.setNotFoundHandler((_request, reply) => reply.code(404).send({ by: 'the handler' }))
await app.listen({ port: 0, host: '127.0.0.1' })
const { port } = app.server.address()
const seen = []
for (const [method, path, type, body] of [
  ['DELETE', '/nope', 'application/json', undefined],
  ['OPTIONS', '/there', 'application/json', undefined],
  ['DELETE', '/nope', undefined, undefined],
  ['POST', '/nope', 'text/csv', 'a,b'],
  ['POST', '/nope', 'application/json', '{}'],
]) {
  const headers = type === undefined ? {} : { 'content-type': type }
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, body })
  const { by = 'Fastify' } = await response.json()
  seen.push(`${response.status} by ${by}`)
  console.log(`${method} ${path}, ${type ?? 'no type'}: ${seen.at(-1)}`)
}
await app.close()
process.exit(seen.join('; ') === '400 by Fastify; 400 by Fastify; 404 by the handler; 404 by the handler; 404 by the handler' ? 0 : 1)
JS
node play.mjs
