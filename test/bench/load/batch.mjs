// Batches of a real model in the worker: its queue, collector, slots and thread, each way in a pool of its own and all
// on one loaded model. Dynamic batching against one at a time and against batches that wait until they are full, at
// saturation and with one caller.
import { existsSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { mkdtempSync, rmSync } from 'node:fs'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { systemClock } from '../../../dist/services/contract/clock.js'
import { createRequestId, legIdOf } from '../../../dist/services/contract/ids.js'
import { createBullmqConsumer } from '../../../dist/services/state/queue/bullmq-consumer.js'
import { createBullmqProducer } from '../../../dist/services/state/queue/bullmq-producer.js'
import { createCollector } from '../../../dist/services/worker/collect/collector.js'
import { createEngine } from '../../../dist/services/worker/engine/engine.js'
import { startTakeLoops } from '../../../dist/services/worker/engine/take-loops.js'
import { closedLoop, interleave, medianOf } from '../measure/closed-loop.mjs'
import { textsOf } from '../measure/texts.mjs'
import { quantile } from '../measure/system.mjs'

const packs = join(homedir(), '.cache', 'sluice', 'packs')
const logger = pino({ level: 'silent' })
const fixed = [8, 16]
/** As many as keep both slots of the largest batch full, and one batch waiting. */
const callers = 48

/** Measures every encoder whose pack is here. */
export async function run({ quick = false, report = () => {} } = {}) {
  const names = ['minilm', 'gte-small'].filter(name => existsSync(join(packs, name)))
  if (names.length === 0) throw new Error('no pack of an encoder is here: node bin/sluice.js models pull')
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  const socket = join(folder, 'redis.sock')
  const server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', ''], { stdio: 'ignore' })
  process.once('exit', () => server.kill('SIGKILL'))
  await sleep(500)
  const connection = new Redis({ path: socket, maxRetriesPerRequest: null })
  try {
    const rows = []
    for (const name of names) {
      report(name)
      rows.push(...(await measureModel(name, connection, quick)))
    }
    return rows
  } finally {
    connection.disconnect()
    server.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureModel(name, connection, quick) {
  const backend = { kind: 'embedding', pack: name, space: name }
  const engine = await createEngine(
    { models: [{ name, backend, executionProviders: ['cpu'], threads: 1 }] },
    { packPath: pack => join(packs, pack), logger, clock: systemClock },
  )
  const shapes = {
    dynamic: { maxSize: 8, maxWaitMs: 4 },
    single: { maxSize: 1, maxWaitMs: 0 },
    ...Object.fromEntries(fixed.map(size => [`fixed ${size}`, { maxSize: size, maxWaitMs: 1000, isBusy: () => true }])),
  }
  const variants = Object.fromEntries(
    Object.entries(shapes).map(([way, shape]) => [
      way,
      openWay(`${name}-${way.replace(' ', '-')}`, name, shape, engine, connection),
    ]),
  )
  try {
    for (const way of Object.values(variants))
      await closedLoop(way.ask, { concurrency: 16, seconds: quick ? 0.2 : 0.5 })
    const few = { dynamic: variants.dynamic, single: variants.single }
    const busy = await interleave(variants, quick ? 1 : 3, way => measure(way, callers, quick ? 0.3 : 1))
    const idle = await interleave(few, quick ? 1 : 3, way => measure(way, 1, quick ? 0.3 : 1))
    return rowsOf(name, busy, idle)
  } finally {
    await Promise.all(Object.values(variants).map(way => way.close()))
    await engine.close()
  }
}

async function measure({ ask, sizes }, concurrency, seconds) {
  sizes.length = 0
  const cpu = process.cpuUsage()
  const { times, perSecond } = await closedLoop(ask, { concurrency, seconds })
  const { user, system } = process.cpuUsage(cpu)
  return {
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    perSecond,
    n: times.length,
    size: sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length),
    cpuMs: (user + system) / 1000 / times.length,
  }
}

function rowsOf(model, busy, idle) {
  const middle = (seen, way, figure) => medianOf(seen.get(way).map(turn => turn[figure]))
  const best = fixed
    .map(size => `fixed ${size}`)
    .reduce((one, other) => (middle(busy, other, 'perSecond') > middle(busy, one, 'perSecond') ? other : one))
  const row = (metric, unit, seen, figure, counterpart, target) => ({
    metric: `${model}: ${metric}`,
    unit,
    concurrency: seen === busy ? callers : 1,
    ours: middle(seen, 'dynamic', figure),
    counterpart: middle(seen, counterpart, figure),
    counterpartName: counterpart === 'single' ? 'one at a time' : `batches of ${counterpart.slice('fixed '.length)}`,
    ...(target === undefined ? {} : { target }),
    n: seen.get('dynamic').reduce((sum, turn) => sum + turn.n, 0),
  })
  return [
    row('throughput at saturation', '1/s', busy, 'perSecond', best, '>= 0.95'),
    row('throughput at saturation', '1/s', busy, 'perSecond', 'single'),
    row('legs in a batch at saturation', '', busy, 'size', best),
    row('CPU a leg at saturation', 'ms', busy, 'cpuMs', best),
    row('p50 at low load', 'ms', idle, 'p50', 'single', '<= 1.1'),
    row('p99 at low load', 'ms', idle, 'p99', 'single'),
  ]
}

/** A pool with a shape of batches, and how to ask it. */
function openWay(pool, model, shape, engine, connection) {
  const { maxSize, maxWaitMs, isBusy = engine.isBusy } = shape
  const producer = createBullmqProducer({ prefix: 'bench', maxWaiting: new Map() }, connection)
  const reader = connection.duplicate()
  const consumer = createBullmqConsumer({ prefix: 'bench', pool, lockMs: 30_000, renewMs: 10_000 }, reader, logger)
  const limits = () => new Map([[model, maxSize]])
  const collector = createCollector({ maxWaitMs, limits, isBusy }, { consumer, clock: systemClock, sleep })
  const waiting = new Map()
  const sizes = []
  const handle = async batch => {
    sizes.push(batch.length)
    const outcomes = await engine.run(
      batch.map(({ job }) => ({ ...job, attempt: 1 })),
      hooks,
    )
    await Promise.all(batch.map(taken => taken.done()))
    batch.forEach(({ job }, at) => waiting.get(job.legId)(outcomes[at]))
  }
  const concurrency = startTakeLoops(2, collector, handle, { logger, sleep })
  const texts = textsOf(64, 240)
  let asked = 0
  return {
    sizes,
    async ask() {
      const job = jobOf(model, texts[(asked += 1) % texts.length])
      const outcome = new Promise(resolve => waiting.set(job.legId, resolve))
      await producer.add(pool, job)
      const { kind } = await outcome
      waiting.delete(job.legId)
      if (kind !== 'done') throw new Error(`a leg ended as ${kind}`)
    },
    async close() {
      await concurrency.stop()
      await consumer.close()
      await producer.close()
      reader.disconnect()
    },
  }
}

const hooks = { signal: () => new AbortController().signal, onDelta: () => Promise.resolve() }

function jobOf(model, text) {
  return {
    version: 1,
    legId: legIdOf(createRequestId(Date.now()), 0),
    tenant: 'bench',
    model,
    recipe: {},
    task: 'embed',
    options: {},
    parts: [{ kind: 'text', text }],
    deadlineAt: Date.now() + 60_000,
    priority: 2,
    serviceMs: 10,
    replyTo: 'r',
    streaming: false,
    price: {},
    reserveNanoUsd: 0,
    enqueuedAt: Date.now(),
  }
}
