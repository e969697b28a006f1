#!/usr/bin/env bash
# eventsource-parser 3.1.1 and the EventSource of undici 7.30.2 on one stream of events whose lines end in a carriage return alone, one of
# the three line ends that the standard allows.
#
# One would guess: both give each event when its empty line is there. undici's does.
# Seen: eventsource-parser gives an event only with the first byte behind it, since a line feed might follow. While a server is silent the
# newest event is held back, and the last one of a stream (the `[DONE]` of a model server, say) is never given: there is no end() to call,
# and reset({ consume: true }) drops it.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-save --ignore-scripts --no-audit --no-fund eventsource-parser@3.1.1 undici@7.30.2 >/dev/null 2>&1
cat > finding.mjs <<'JS'
import { createServer } from 'node:http'
import { createParser } from 'eventsource-parser'
import { EventSource } from 'undici'

const given = []
const parser = createParser({ onEvent: event => given.push(event.data) })
const afterEach = []
for (const chunk of ['data: one\r\r', 'data: [DONE]\r\r']) {
  parser.feed(chunk)
  afterEach.push([...given])
}
parser.reset({ consume: true })

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write('data: one\r\r')
  setTimeout(() => response.write('data: [DONE]\r\r'), 100)
})
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
const source = new EventSource(`http://127.0.0.1:${server.address().port}/`)
const heard = []
await new Promise(resolve => {
  source.onmessage = event => heard.push(event.data) === 2 && resolve()
  setTimeout(resolve, 5000)
})
source.close()
server.closeAllConnections()
server.close()

const seen = JSON.stringify({ afterEach, inTheEnd: given, undici: heard })
console.log(seen)
process.exitCode = seen === '{"afterEach":[[],["one"]],"inTheEnd":["one"],"undici":["one","[DONE]"]}' ? 0 : 1
JS
node --no-warnings finding.mjs
