// Fairness: a polite tenant at a fifth of what a pool can do, alone and beside a tenant that sends three times what it
// can do, through a whole gateway; then the same through a plain first-in-first-out queue of BullMQ. The wait is what
// an answer took beyond its service. node test/bench/load/fairness.mjs [--seconds 20] [--slots 8] [--median 200]
// [--seed 1] [--json FILE]
import { Metadata } from '@grpc/grpc-js'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { delayOf, echoLadder, machine, quantile, seeded, spread, startSystem, until } from '../measure/system.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    concurrency: { type: 'string', default: '8' },
    median: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
})
const [seconds, concurrency, medianMs, seed] = ['seconds', 'concurrency', 'median', 'seed'].map(name =>
  Number(values[name]),
)
const meanMs = medianMs * Math.exp((spread * spread) / 2)
const perSecond = (concurrency * 1000) / meanMs

const tenants = ['polite', 'flood']
const keys = tenants.map(tenant => ({
  id: tenant,
  tenant,
  sha256: createHash('sha256').update(`key-of-${tenant}`).digest('hex'),
  scopes: ['infer'],
}))
const system = await startSystem(
  echoLadder(
    [{ name: 'only', pool: { concurrency: concurrency, maxWaiting: 100_000 }, backend: { delayMs: medianMs, spread } }],
    {
      limits: { inFlight: 20_000 },
      auth: { keys },
    },
  ),
)
// A router takes 1,000 calls of one connection at once; the flood opens enough of them to be held back by nothing but
// its turns.
const connections = { polite: [system.connect()], flood: Array.from({ length: 4 }, () => system.connect()) }
let sent = 0
try {
  const polite = traceOf('polite', 0.2, seed)
  const flood = traceOf('flood', 3, seed + 1)
  await replay(traceOf('warm', 0.2, seed + 2).slice(0, 100), throughGateway)
  const alone = await replay(polite, throughGateway)
  const floodAnswered = { count: 0 }
  // What of the flood is not answered by the end is let go of with the system.
  void replay(flood, one => throughGateway(one).then(() => (floodAnswered.count += 1)))
  const beside = await replay(polite, throughGateway)
  const bareAlone = await throughFifo(polite, [])
  const bareBeside = await throughFifo(polite, flood)
  const serviceP95Ms = quantile(
    polite.map(({ text }) => delayOf(text, medianMs)),
    0.95,
  )
  const p95 = waits => quantile(waits, 0.95)
  const scenarios = [
    row('polite p95 wait alone, ms', p95(alone), p95(bareAlone)),
    row('polite p95 wait beside a flood, ms', p95(beside), p95(bareBeside)),
    row('bound: p95 wait alone plus p95 service, ms', p95(alone) + serviceP95Ms, p95(bareAlone) + serviceP95Ms),
    row(
      'p95 wait beside / bound',
      p95(beside) / (p95(alone) + serviceP95Ms),
      p95(bareBeside) / (p95(bareAlone) + serviceP95Ms),
    ),
  ]
  for (const one of scenarios) process.stdout.write(`${JSON.stringify(one)}\n`)
  process.stderr.write(`${floodAnswered.count} of the flood's ${flood.length} were answered meanwhile\n`)
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ machine, scenarios }, undefined, 2))
} finally {
  await system.stop()
}
process.exit(0)

function row(metric, value, bare) {
  const round = number => Number(number.toFixed(3))
  return {
    name: `fairness: ${concurrency} concurrency, median ${medianMs} ms, polite 0.2x, flood 3x, ${seconds} s`,
    concurrency: concurrency,
    metric,
    value: round(value),
    bare: round(bare),
  }
}

function traceOf(tenant, times, fromSeed) {
  const random = seeded(fromSeed)
  const trace = []
  let atMs = 0
  for (;;) {
    atMs += (-Math.log(1 - random()) / (perSecond * times)) * 1000
    if (atMs >= seconds * 1000) return trace
    trace.push({ tenant, atMs, text: `${tenant} ${fromSeed} ${trace.length} ${random()}` })
  }
}

async function replay(trace, send) {
  const startedAt = performance.now()
  return Promise.all(
    trace.map(async one => {
      await until(startedAt + one.atMs)
      return send(one)
    }),
  )
}

/** Sends one with a deadline that admission never minds, so that order alone decides; gives its wait. */
async function throughGateway({ tenant, text }) {
  const caller = tenant === 'flood' ? 'flood' : 'polite'
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer key-of-${caller}`)
  const own = connections[caller]
  sent += 1
  const { elapsedMs, failure } = await system.infer(
    { task: 'TASK_GENERATE', content: [{ text }], constraints: { deadline: { seconds: 300 } } },
    metadata,
    own[sent % own.length],
  )
  if (failure !== undefined) throw new Error(`a request failed: ${JSON.stringify(failure)}`)
  return elapsedMs - delayOf(text, medianMs)
}

/** The waits of the polite tenant in one queue in order of arrival. */
async function throughFifo(polite, flood) {
  const connection = new Redis({ path: system.redisSocket, maxRetriesPerRequest: null })
  const queue = new Queue(`fifo-${flood.length}`, { connection, defaultJobOptions: { removeOnComplete: true } })
  const waiting = new Map()
  const worker = new Worker(
    `fifo-${flood.length}`,
    async job => {
      await new Promise(resolve => setTimeout(resolve, delayOf(job.data.text, medianMs)))
      waiting.get(job.data.text)?.()
    },
    { connection: connection.duplicate(), concurrency: concurrency },
  )
  const send = async ({ text }) => {
    const sentAt = performance.now()
    const ended = new Promise(resolve => waiting.set(text, resolve))
    await queue.add('one', { text })
    await ended
    return performance.now() - sentAt - delayOf(text, medianMs)
  }
  void replay(flood, send)
  const waits = await replay(polite, send)
  await worker.close(true)
  await queue.close()
  connection.disconnect()
  return waits
}
