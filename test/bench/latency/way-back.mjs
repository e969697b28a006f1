// Measures the two ways back from a worker to a router: a Redis stream a process (what Sluice does) against a gRPC
// stream a worker–router pair with the stored result as fallback. Replies of 200 bytes; connections are then killed
// every 200 ms. node test/bench/latency/way-back.mjs [--json FILE]
import { Server, ServerCredentials, credentials, makeGenericClientConstructor } from '@grpc/grpc-js'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { createReplySender, createRedisReplyStream } from '../../../dist/services/state/replies/redis-reply-stream.js'
import { connectRedis, whenReady } from '../../../dist/services/platform/redis/connect.js'

const { values } = parseArgs({ options: { json: { type: 'string' } } })
const body = 'x'.repeat(200)
const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
const socket = join(folder, 'redis.sock')
const server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', ''], { stdio: 'ignore' })
await new Promise(resolve => setTimeout(resolve, 500))
const logger = pino({ level: 'silent' })
const address = { url: `unix://${socket}`, commandTimeoutMs: 5000 }
const redis = connectRedis(address, logger)
await whenReady(redis, 5000)
const control = new Redis({ path: socket })

const rows = []
for (let turn = 0; turn < 3; turn += 1) {
  for (const make of [streamWay, grpcWay]) {
    for (const concurrency of [1, 128]) rows.push({ turn, concurrency, ...(await measure(make, concurrency)) })
    rows.push({ turn, ...(await cut(make)) })
  }
}
const table = summarise(rows)
process.stdout.write(`${table.map(row => JSON.stringify(row)).join('\n')}\n`)
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(table, undefined, 2))
redis.disconnect()
control.disconnect()
server.kill('SIGKILL')
rmSync(folder, { recursive: true, force: true })
process.exit(0)

/** The replyStream: the worker appends to the router's stream, the router reads it. */
async function streamWay(onReply) {
  const reader = connectRedis(address, logger)
  const name = `bench-${Math.random().toString(16).slice(2)}`
  const box = createRedisReplyStream({ prefix: 'bench', name, ttlMs: 60_000 }, { reader, redis, logger })
  box.listen(message => onReply(message.offset))
  const sender = createReplySender('bench', redis)
  return {
    name: 'redis stream a router',
    send: async index => sender.send(name, { kind: 'delta', legId: 'bench.0', attempt: 1, offset: index, text: body }),
    kill: async () => {
      const list = String(await control.client('LIST'))
      for (const line of list.split('\n').filter(one => one.includes('cmd=xread'))) {
        await control.client('KILL', 'ID', /id=(\d+)/.exec(line)[1]).catch(() => {})
      }
    },
    fallback: async () => {},
    close: () => box.close(),
  }
}

/**
 * One gRPC stream: the result is stored first, then written to the stream; after a reconnect the router reads what it
 * lacks.
 */
async function grpcWay(onReply) {
  const text = { serialize: value => Buffer.from(JSON.stringify(value)), deserialize: bytes => JSON.parse(bytes) }
  const definition = {
    post: {
      path: '/bench/post',
      requestStream: true,
      responseStream: false,
      requestSerialize: text.serialize,
      requestDeserialize: text.deserialize,
      responseSerialize: text.serialize,
      responseDeserialize: text.deserialize,
    },
  }
  const router = new Server()
  router.addService(definition, {
    post(call) {
      call.on('data', reply => onReply(reply.index))
      call.on('error', () => {})
    },
  })
  const port = await new Promise((resolve, reject) => {
    router.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  const Client = makeGenericClientConstructor(definition, 'bench')
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  let stream
  let closed = false
  const open = () => {
    stream = client.post(error => {
      if (error !== null && !closed) open()
    })
    stream.on('error', () => {})
  }
  open()
  const key = `bench:results:${Math.random()}`
  return {
    name: 'grpc stream a pair, stored fallback',
    send: async index => {
      await redis.hset(key, index, body)
      stream.write({ index, body })
    },
    kill: async () => stream.cancel(),
    fallback: async missing => {
      const found = await redis.hmget(key, ...missing.map(String))
      missing.forEach((index, at) => {
        if (found[at] !== null) onReply(index)
      })
    },
    close: async () => {
      closed = true
      client.close()
      router.forceShutdown()
      await redis.del(key)
    },
  }
}

async function measure(make, concurrency) {
  const sentAt = new Map()
  const waiting = new Map()
  const times = []
  const way = await make(index => {
    times.push(performance.now() - sentAt.get(index))
    waiting.get(index)?.()
  })
  const total = concurrency === 1 ? 2000 : 20_000
  let next = 0
  const lane = async () => {
    while (next < total) {
      const index = next
      next += 1
      sentAt.set(index, performance.now())
      const replied = new Promise(resolve => waiting.set(index, resolve))
      await way.send(index)
      await replied
      waiting.delete(index)
    }
  }
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: concurrency }, lane))
  const seconds = (performance.now() - startedAt) / 1000
  const used = process.cpuUsage(cpu)
  await way.close()
  const sorted = times.toSorted((a, b) => a - b)
  return {
    way: way.name,
    p50Ms: sorted[sorted.length >> 1],
    p99Ms: sorted[Math.floor(sorted.length * 0.99)],
    repliesPerSecond: total / seconds,
    cpuMicrosPerReply: (used.user + used.system) / total,
  }
}

/**
 * 10,000 replies over four seconds while connections die every 200 ms: how many come by themselves, how many after
 * the fallback.
 */
async function cut(make) {
  const seen = new Set()
  const way = await make(index => seen.add(index))
  const total = 10_000
  const killing = setInterval(() => void way.kill(), 200)
  for (let index = 0; index < total; index += 1) {
    await way.send(index)
    if (index % 25 === 0) await new Promise(resolve => setTimeout(resolve, 10))
  }
  clearInterval(killing)
  await new Promise(resolve => setTimeout(resolve, 1500))
  const alone = seen.size
  const missing = Array.from({ length: total }, (_, index) => index).filter(index => !seen.has(index))
  if (missing.length > 0) await way.fallback(missing)
  await way.close()
  return { way: way.name, concurrency: 'cut every 200 ms', cameAlone: alone / total, cameInAll: seen.size / total }
}

function summarise(all) {
  const groups = new Map()
  for (const row of all) {
    const key = `${row.way} ${row.concurrency}`
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return [...groups.values()].map(group => {
    const [first] = group
    const figures = Object.keys(first).filter(
      name => typeof first[name] === 'number' && name !== 'turn' && name !== 'concurrency',
    )
    const medians = figures.map(name => [name, medianOf(group.map(row => row[name]))])
    return { way: first.way, concurrency: first.concurrency, ...Object.fromEntries(medians) }
  })
}

function medianOf(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  return Number(sorted[sorted.length >> 1].toFixed(3))
}
