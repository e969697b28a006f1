#!/usr/bin/env bash
# @grpc/grpc-js 1.14.7 as a server, and a client of plain HTTP/2 that sets a deadline of some weeks in `grpc-timeout`, as the protocol allows
# (up to 8 digits of hours).
#
# One would guess: call.getDeadline() is so far ahead, or at most capped.
# Seen: the time is kept in 32 bits of milliseconds. A deadline of 25 days is 24.7 days in the past, one of 50 days is seven hours ahead.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-save --ignore-scripts --no-audit --no-fund @grpc/grpc-js@1.14.7 >/dev/null 2>&1
cat > finding.mjs <<'JS'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { connect } from 'node:http2'

const definition = {
  path: '/t.T/One', requestStream: false, responseStream: false,
  requestSerialize: one => one, requestDeserialize: one => one, responseSerialize: one => one, responseDeserialize: one => one,
}
let ahead
const server = new Server()
server.addService({ one: definition }, {
  one(call, callback) {
    ahead = Number(call.getDeadline()) - Date.now()
    callback(null, Buffer.alloc(0))
  },
})
const port = await new Promise((resolve, reject) =>
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))))
const hoursAhead = async timeout => {
  ahead = undefined
  const session = connect(`http://127.0.0.1:${port}`)
  const stream = session.request({
    ':method': 'POST', ':path': definition.path, 'content-type': 'application/grpc', te: 'trailers', 'grpc-timeout': timeout,
  })
  let status
  stream.on('trailers', trailers => (status = trailers['grpc-status']))
  stream.on('response', headers => (status ??= headers['grpc-status']))
  stream.resume()
  stream.end(Buffer.alloc(5))
  await new Promise(resolve => stream.on('close', resolve))
  session.close()
  return ahead === undefined ? `refused with status ${status}` : Math.round(ahead / 3_600_000)
}
const week = await hoursAhead('604800S')
const days25 = await hoursAhead('2160000S')
const days50 = await hoursAhead('4320000S')
console.log({ 'hours ahead of 7 days (168)': week, 'of 25 days (600)': days25, 'of 50 days (1200)': days50 })
server.forceShutdown()
const isPast = days25 === 'refused with status 4' || days25 < 0
process.exit(week === 168 && isPast && days50 === 7 ? 0 : 1)
JS
node finding.mjs
