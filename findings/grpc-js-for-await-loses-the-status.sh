#!/usr/bin/env bash
# @grpc/grpc-js 1.14.7, a bidirectional call whose handler reads with `for await (const message of call)` and then ends the call.
#
# One would guess: the loop ends when the client half-closes, the handler writes its answer and calls end(), and the client gets the
# answer and OK. The call is a Node Duplex, and the loop is how Node reads one.
# Seen: the client gets the initial metadata at most, neither the answer nor a status, until its own deadline. Node's iterator destroys
# the stream when its loop ends, and a destroyed duplex drops what is written to it, grpc-js' trailers included; write() and end() raise
# nothing. The same handler over `call.iterator({ destroyOnReturn: false })` answers at once.
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
  path: '/t.T/Both', requestStream: true, responseStream: true,
  requestSerialize: one => one, requestDeserialize: one => one, responseSerialize: one => one, responseDeserialize: one => one,
}
const told = []
const serve = read => async call => {
  call.on('error', error => told.push(String(error)))
  let count = 0
  for await (const _message of read(call)) count += 1
  call.write(Buffer.from(`read ${count}`))
  call.end()
}
async function ask(read) {
  const server = new Server()
  server.addService({ both: definition }, { both: serve(read) })
  const port = await new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))))
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  const call = client.makeBidiStreamRequest(definition.path, one => one, one => one, new Metadata(), { deadline: Date.now() + 3000 })
  const answers = []
  call.on('data', message => answers.push(message.toString()))
  const status = new Promise(resolve => { call.on('status', resolve); call.on('error', () => {}) })
  call.write(Buffer.from('one'))
  call.write(Buffer.from('two'))
  call.end()
  const { code } = await status
  client.close()
  server.forceShutdown()
  return { answers, code }
}
const plain = await ask(call => call)
const kept = await ask(call => call.iterator({ destroyOnReturn: false }))
console.log('for await over the call:            ', JSON.stringify(plain), '(4 is DEADLINE_EXCEEDED)')
console.log('over an iterator that does not end it:', JSON.stringify(kept))
console.log('told on the call of the server:', told)
const same = plain.code === 4 && plain.answers.length === 0 && kept.code === 0 && kept.answers[0] === 'read 2'
process.exit(same ? 0 : 1)
JS
echo "node $(node --version), @grpc/grpc-js $(node -p 'require("@grpc/grpc-js/package.json").version')"
node finding.mjs
