// Overload: a seeded trace of twice what a pool can do (Poisson arrivals, lognormal service with p95 = 3 × median,
// deadlines even from 2 to 10 × median), through a whole gateway, and the same trace through a plain
// first-in-first-out queue of BullMQ. The delay of an input follows from its text and nothing else, so the gateway
// knows the distribution and not the single input. node test/bench/load/overload.mjs [--seconds 30] [--slots 16]
// [--median 200] [--load 2] [--seed 1] [--json FILE]
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { delayOf, echoLadder, machine, quantile, seeded, spread, startSystem, until } from '../measure/system.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    concurrency: { type: 'string', default: '16' },
    median: { type: 'string', default: '200' },
    load: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
})
const [seconds, concurrency, medianMs, load, seed] = ['seconds', 'concurrency', 'median', 'load', 'seed'].map(name =>
  Number(values[name]),
)
const meanMs = medianMs * Math.exp((spread * spread) / 2)
const perSecond = (concurrency * 1000) / meanMs

const system = await startSystem(
  echoLadder([{ name: 'only', pool: { concurrency: concurrency }, backend: { delayMs: medianMs, spread } }], {
    limits: { inFlight: 20_000 },
  }),
)
try {
  // Service times have to be seen before they can be predicted: ten seconds at half load.
  await replay(traceOf('warm', 0.5, 10, seed + 1), one => throughGateway({ ...one, deadlineMs: 30_000 }))
  await until(performance.now() + 2000)
  const trace = traceOf('main', load, seconds, seed)
  const gateway = summarise(trace, await replay(trace, throughGateway))
  const fifo = summarise(trace, await throughFifo(trace))
  const refused = gateway.all.filter(one => one.kind === 'refused').map(one => one.elapsedMs)
  const scenarios = [
    row('goodput / capacity', gateway.goodput, { bare: fifo.goodput }),
    row('admitted in time', gateway.inTime),
    row('refused, median ms', quantile(refused, 0.5)),
    row('refused, p95 ms', quantile(refused, 0.95)),
    row('refused / offered', refused.length / trace.length),
    row('admitted / offered', 1 - refused.length / trace.length, { bare: 1 }),
  ]
  for (const one of scenarios) process.stdout.write(`${JSON.stringify(one)}\n`)
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ machine, scenarios }, undefined, 2))
} finally {
  await system.stop()
}
process.exit(0)

function row(metric, value, more = {}) {
  const round = number => Number(number.toFixed(4))
  const name = `overload ${load}x: ${concurrency} concurrency, median ${medianMs} ms, ${seconds} s`
  const bare = more.bare === undefined ? {} : { bare: round(more.bare) }
  return { name, concurrency: concurrency, metric, value: round(value), ...bare }
}

/** Arrivals in ms from the beginning, each with its text and deadline. */
function traceOf(name, times, forSeconds, fromSeed) {
  const random = seeded(fromSeed)
  const trace = []
  let atMs = 0
  for (;;) {
    atMs += (-Math.log(1 - random()) / (perSecond * times)) * 1000
    if (atMs >= forSeconds * 1000) return trace
    const text = `${name} ${fromSeed} ${trace.length} ${random()}`
    trace.push({ atMs, text, deadlineMs: medianMs * (2 + 8 * random()) })
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

async function throughGateway({ text, deadlineMs }) {
  const whole = Math.floor(deadlineMs / 1000)
  const deadline = { seconds: whole, nanos: Math.round((deadlineMs - whole * 1000) * 1e6) }
  const sent = await system.infer({ task: 'TASK_GENERATE', content: [{ text }], constraints: { deadline } })
  const { elapsedMs, failure } = sent
  if (failure === undefined) return { kind: elapsedMs <= deadlineMs ? 'in-time' : 'late', elapsedMs }
  // Turned away before any work, or taken on and not finished.
  return { kind: failure.metadata?.stage === 'choose' ? 'refused' : 'missed', elapsedMs, failure }
}

/** The same trace and the same delays, worked off in order of arrival, as many at once. */
async function throughFifo(trace) {
  const connection = new Redis({ path: system.redisSocket, maxRetriesPerRequest: null })
  const queue = new Queue('fifo', { connection, defaultJobOptions: { removeOnComplete: true } })
  const startedAt = performance.now()
  const ended = new Map()
  const worker = new Worker(
    'fifo',
    async job => {
      await new Promise(resolve => setTimeout(resolve, delayOf(job.data.text, medianMs)))
      ended.set(job.data.text, performance.now() - startedAt)
    },
    { connection: connection.duplicate(), concurrency: concurrency },
  )
  await Promise.all(
    trace.map(async ({ atMs, text }) => {
      await until(startedAt + atMs)
      await queue.add('one', { text })
    }),
  )
  // What has not ended by the last deadline is late, whatever comes of it.
  await until(startedAt + seconds * 1000 + medianMs * 10)
  await worker.close(true)
  await queue.close()
  connection.disconnect()
  return trace.map(({ atMs, text, deadlineMs }) => {
    const endedAt = ended.get(text)
    return {
      kind: endedAt !== undefined && endedAt - atMs <= deadlineMs ? 'in-time' : 'late',
      elapsedMs: (endedAt ?? 0) - atMs,
    }
  })
}

/**
 * Goodput is answers in time, up to the last arrival, against what the slots can do of this trace's inputs in its
 * time.
 */
function summarise(trace, all) {
  const traceMeanMs = trace.reduce((sum, { text }) => sum + delayOf(text, medianMs), 0) / trace.length
  const capacity = (concurrency * seconds * 1000) / traceMeanMs
  const count = kind => all.filter(one => one.kind === kind).length
  // What ends after the last arrival was made by time that the capacity does not count.
  const within = all.filter(
    (one, index) => one.kind === 'in-time' && trace[index].atMs + one.elapsedMs <= seconds * 1000,
  )
  const admitted = all.length - count('refused')
  process.stderr.write(
    `${JSON.stringify(Object.fromEntries(['in-time', 'late', 'missed', 'refused'].map(kind => [kind, count(kind)])))}\n`,
  )
  const odd = all.filter(one => one.kind === 'missed').slice(0, 3)
  if (odd.length > 0) process.stderr.write(`${JSON.stringify(odd)}\n`)
  return { all, goodput: within.length / capacity, inTime: count('in-time') / admitted }
}
