#!/usr/bin/env bash
# @grpc/grpc-js 1.14.7: a server that drains by tryShutdown() while a call is at work, with and without grpc.keepalive_time_ms.
#
# One would guess: tryShutdown() "gracefully shuts down": a call that has begun is answered, keepalive or not. The client is there and
# answers every ping.
# Seen: with a keepalive shorter than the call, the connection is cut at the keepalive's first ping after the shutdown began, and the
# client hears UNAVAILABLE in the middle of its call. The server closes its HTTP/2 session, Node cancels each ping of a session that is
# closing (its streams may go on), and grpc-js takes the cancelled ping for a dead peer. Without a keepalive, or with a longer one, the
# call is answered.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-save --ignore-scripts --no-audit --no-fund @grpc/grpc-js@1.14.7 >/dev/null 2>&1
cat > finding.mjs <<'JS'
import { Client, Metadata, Server, ServerCredentials, credentials } from '@grpc/grpc-js'

const definition = {
  path: '/t.T/Slow', requestStream: false, responseStream: false,
  requestSerialize: one => one, requestDeserialize: one => one, responseSerialize: one => one, responseDeserialize: one => one,
}
async function drained(options) {
  const server = new Server(options)
  let begun
  const atWork = new Promise(resolve => (begun = resolve))
  server.addService({ slow: definition }, {
    slow(_call, callback) {
      begun()
      setTimeout(() => callback(null, Buffer.from('answer')), 4000)
    },
  })
  const port = await new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))))
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  const outcome = new Promise(resolve =>
    client.makeUnaryRequest(definition.path, one => one, one => one, Buffer.alloc(0), new Metadata(), { deadline: Date.now() + 20_000 },
      (error, value) => resolve(error === null ? `OK ${value}` : `status ${error.code}`)))
  await atWork
  server.tryShutdown(() => {})
  const seen = await outcome
  client.close()
  return seen
}
const seen = JSON.stringify({
  without: await drained({}),
  after2s: await drained({ 'grpc.keepalive_time_ms': 2000, 'grpc.keepalive_timeout_ms': 20_000 }),
  after30s: await drained({ 'grpc.keepalive_time_ms': 30_000, 'grpc.keepalive_timeout_ms': 20_000 }),
})
console.log(seen)
process.exit(seen === '{"without":"OK answer","after2s":"status 14","after30s":"OK answer"}' ? 0 : 1)
JS
node finding.mjs
