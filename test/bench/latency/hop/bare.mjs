// The barest hop with the same wire, queue and kind of reply: `node bare.mjs router SOCKET` is a grpc-js server that
// adds a BullMQ job and reads replies from one Redis stream; `node bare.mjs worker SOCKET` is a BullMQ worker that
// echoes. No feature of any kind.
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { fileURLToPath } from 'node:url'
import { loadServices, typesOf } from '../../../../dist/services/wire/load-proto.js'

const [role, path] = process.argv.slice(2)
const connect = () => new Redis({ path, maxRetriesPerRequest: null })
const box = 'bare:replies'
/** Jobs at work side by side: as many legs as a worker of Sluice takes. */
const concurrency = 128

if (role === 'router') await route()
else await work()

async function route() {
  const queue = new Queue('bare', { connection: connect() })
  await queue.waitUntilReady()
  const waiting = new Map()
  let asked = 0
  const services = loadServices(fileURLToPath(new URL('../../../..', import.meta.url)))
  const server = new Server()
  server.addService(typesOf(services).sluice.v1.Gateway.service, {
    infer(call, callback) {
      asked += 1
      const id = String(asked)
      waiting.set(id, text => callback(null, { requestId: id, output: { text } }))
      const data = { id, text: call.request.content[0].text }
      void queue.add('leg', data, { removeOnComplete: true, removeOnFail: true })
    },
  })
  const port = await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  process.send({ address: `127.0.0.1:${port}` })
  await readReplies(reply => {
    waiting.get(reply.id)?.(reply.text)
    waiting.delete(reply.id)
  })
}

async function readReplies(take) {
  const reader = connect()
  const trimmer = connect()
  let last = '0-0'
  for (;;) {
    const found = await reader.xread('COUNT', 512, 'BLOCK', 2000, 'STREAMS', box, last)
    const entries = found?.[0]?.[1] ?? []
    for (const [id, fields] of entries) {
      last = id
      take(JSON.parse(fields[1]))
    }
    if (entries.length > 0) trimmer.xtrim(box, 'MINID', last).catch(() => {})
  }
}

async function work() {
  const sender = connect()
  const worker = new Worker(
    'bare',
    async job => {
      await sender.xadd(box, '*', 'm', JSON.stringify(job.data))
    },
    { connection: connect(), concurrency, removeOnComplete: { count: 0 } },
  )
  await worker.waitUntilReady()
  process.send({ ready: true })
}
