// Two ways to put work in order on BullMQ, measured on the same Redis. (a) a virtual finish tag, reckoned by a script,
// as the job's priority; (b) batch leases: jobs without content, for each of which a script takes the next batch in
// the queue (what Sluice does). Beside them plain jobs in order of arrival. Each leg is put, taken and completed; a
// line of 2,000 waits before the first is taken. node test/bench/load/queue-order.mjs [--legs 2000] [--turns 3] [--json
// FILE]
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { createBullmqConsumer } from '../../../dist/services/state/queue/bullmq-consumer.js'
import { createBullmqProducer } from '../../../dist/services/state/queue/bullmq-producer.js'
import { createRequestId, legIdOf } from '../../../dist/services/contract/ids.js'
import { machine, quantile } from '../measure/system.mjs'

const { values } = parseArgs({
  options: {
    legs: { type: 'string', default: '2000' },
    turns: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
})
const legs = Number(values.legs)
const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
const socket = join(folder, 'redis.sock')
const server = spawn(
  'redis-server',
  ['--port', '0', '--unixsocket', socket, '--save', '', '--maxmemory-policy', 'noeviction'],
  {
    stdio: 'ignore',
  },
)
process.once('exit', () => server.kill('SIGKILL'))
await new Promise(resolve => setTimeout(resolve, 500))
const connection = new Redis({ path: socket, maxRetriesPerRequest: null })
const logger = pino({ level: 'silent' })

/** What (a) needs beside BullMQ: the virtual time of a class, and where each tenant ended. */
const tagScript = `local v = tonumber(redis.call('HGET', KEYS[1], 'v') or 0)
local tag = math.max(v, tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0)) + tonumber(ARGV[2])
redis.call('HSET', KEYS[1], ARGV[1], tag)
return tag`

const measured = new Map()
for (let turn = 0; turn < Number(values.turns); turn += 1) {
  for (const [name, make] of variants()) {
    await connection.flushall()
    const way = await make(`q${turn}`)
    const figures = await measure(way)
    await way.close()
    measured.set(name, [...(measured.get(name) ?? []), figures])
  }
}
const scenarios = [...measured].flatMap(([name, turns]) =>
  Object.keys(turns[0]).map(metric => ({
    name: `queue order: ${name}`,
    concurrency: 1,
    metric,
    value: Number(
      quantile(
        turns.map(one => one[metric]),
        0.5,
      ).toFixed(1),
    ),
  })),
)
for (const one of scenarios) process.stdout.write(`${JSON.stringify(one)}\n`)
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ machine, scenarios }, undefined, 2))
server.kill('SIGKILL')
rmSync(folder, { recursive: true, force: true })
process.exit(0)

function variants() {
  return [
    ['plain, first in first out', name => bullmq(name, false)],
    ['(a) finish tag as priority', name => bullmq(name, true)],
    ['(b) batch leases, one leg each', name => batchLeases(name, 1)],
    ['(b) batch leases, batches of 8', name => batchLeases(name, 8)],
  ]
}

function jobOf(index) {
  return {
    version: 1,
    legId: legIdOf(createRequestId(Date.now()), 0),
    tenant: `tenant-${index % 8}`,
    model: 'm',
    recipe: {},
    task: 'generate',
    options: {},
    parts: [{ kind: 'text', text: 'x'.repeat(200) }],
    deadlineAt: Date.now() + 600_000 + ((index * 7919) % 1000),
    priority: 2,
    serviceMs: 100,
    replyTo: 'r',
    streaming: false,
    price: {},
    reserveNanoUsd: 0,
    enqueuedAt: Date.now(),
  }
}

async function bullmq(name, tagged) {
  const queue = new Queue(name, { connection, defaultJobOptions: { removeOnComplete: true } })
  const worker = new Worker(name, null, { connection: connection.duplicate(), autorun: false })
  return {
    async put(job) {
      if (!tagged) return queue.add('leg', job)
      const tag = await connection.eval(tagScript, 1, 'tags', job.tenant, job.serviceMs)
      // 2,097,151 has to hold the class too, so tags are counted from a base that somebody has to move.
      return queue.add('leg', job, { priority: 500_000 + (Number(tag) % 500_000) })
    },
    async take() {
      const token = randomUUID()
      const job = await worker.getNextJob(token, { block: false })
      if (job === undefined) return 0
      if (tagged) await connection.hset('tags', 'v', job.opts.priority - 500_000)
      await job.moveToCompleted(null, token, false)
      return 1
    },
    close: () => Promise.all([queue.close(), worker.close()]),
  }
}

async function batchLeases(name, size) {
  const producer = createBullmqProducer({ prefix: name, maxWaiting: new Map() }, connection)
  const options = { prefix: name, pool: 'p', lockMs: 30_000, renewMs: 10_000 }
  const consumer = createBullmqConsumer(options, connection.duplicate(), logger)
  const limits = new Map([['m', size]])
  return {
    put: job => producer.add('p', job),
    async take() {
      const batch = await consumer.take(0, limits)
      for (const leg of batch?.legs ?? []) await leg.done()
      return batch?.legs.length ?? 0
    },
    close: () => Promise.all([producer.close(), consumer.close()]),
  }
}

async function measure(way) {
  const jobs = Array.from({ length: legs }, (_, index) => jobOf(index))
  await way.put(jobs[0])
  const before = await redisCpu()
  const puts = []
  for (const job of jobs.slice(1)) {
    const startedAt = performance.now()
    await way.put(job)
    puts.push((performance.now() - startedAt) * 1000)
  }
  const betweenCpu = await redisCpu()
  const startedAt = performance.now()
  for (let done = 0; done < legs;) done += await way.take()
  const takeMicros = ((performance.now() - startedAt) * 1000) / legs
  const after = await redisCpu()
  return {
    'put, µs median': quantile(puts, 0.5),
    'take and complete, µs a leg': takeMicros,
    'Redis CPU to put, µs a leg': ((betweenCpu - before) * 1e6) / legs,
    'Redis CPU to take and complete, µs a leg': ((after - betweenCpu) * 1e6) / legs,
  }
}

async function redisCpu() {
  const info = await connection.info('cpu')
  const read = name => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1] ?? 0)
  return read('used_cpu_user') + read('used_cpu_sys')
}
