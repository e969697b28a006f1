// What deciding costs, in process: who calls, is the content sound, how hard is it, which rung is asked. Each text
// comes once, so that nothing is remembered. The bare counterpart is a run of the estimator's graph alone, on an input
// that is at hand.
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { pino } from 'pino'
import { createAdmit } from '../../../dist/services/router/admit/admit.js'
import { createAssess } from '../../../dist/services/router/assess/assess.js'
import { describePart } from '../../../dist/services/router/assess/describe-part.js'
import { createChoose } from '../../../dist/services/router/choose/choose.js'
import { createEvaluateRungs } from '../../../dist/services/router/choose/evaluate-rungs.js'
import { createFleet } from '../../../dist/services/router/pools/fleet.js'
import { composeAuthentication } from '../../../dist/services/router/wiring/authentication.js'
import { composeLadders } from '../../../dist/services/router/wiring/ladders.js'
import { admitOptionsOf } from '../../../dist/services/router/wiring/options.js'
import { createLadderRegistry } from '../../../dist/services/router/ladders/ladder-registry.js'
import { createRouterMetrics } from '../../../dist/services/router/telemetry/request-metrics.js'
import { loadConfig } from '../../../dist/services/config/load-config.js'
import { systemClock } from '../../../dist/services/contract/clock.js'
import { loadPolicy } from '../../../dist/services/decision/policy/load-policy.js'
import { createMetricsRegistry } from '../../../dist/services/platform/telemetry/create-metrics-registry.js'
import { plainPolicy } from '../measure/deployment.mjs'
import { textsOf } from '../measure/texts.mjs'
import { quantile } from '../measure/system.mjs'

const characters = 2000
const textPolicy = plainPolicy()
const credential = 'key-of-the-bench'

/** Decides on texts, one at a time, and runs the graph alone beside it. */
export async function run({ quick = false } = {}) {
  const decide = await decider()
  const bare = await graphAlone()
  const count = quick ? 300 : 4000
  const texts = textsOf(count, characters)
  for (const text of textsOf(quick ? 100 : 1000, characters, 2)) {
    await decide(text)
    await bare()
  }
  const times = { ours: [], bare: [] }
  const cpu = { ours: 0, bare: 0 }
  const heapBefore = process.memoryUsage().heapUsed
  for (const text of texts) {
    await timed('ours', () => decide(text))
    await timed('bare', bare)
  }
  const grown = (process.memoryUsage().heapUsed - heapBefore) / 1e6

  async function timed(name, work) {
    await breathe()
    const used = process.cpuUsage()
    const startedAt = performance.now()
    await work()
    times[name].push(performance.now() - startedAt)
    const { user, system } = process.cpuUsage(used)
    cpu[name] += (user + system) / 1000
  }
  const row = (metric, ours, counterpart, more = {}) => ({
    metric,
    unit: 'ms',
    ours,
    counterpart,
    counterpartName: "the estimator's graph alone",
    n: count,
    ...more,
  })
  const own = target => ({ target, targetOf: 'ours' })
  return [
    row('p50', quantile(times.ours, 0.5), quantile(times.bare, 0.5), own('<= 0.08 ms')),
    row('p99', quantile(times.ours, 0.99), quantile(times.bare, 0.99), own('<= 0.2 ms')),
    row('CPU a request', cpu.ours / count, cpu.bare / count),
    { metric: 'growth of the heap over all', unit: 'MB', ours: grown, n: count },
  ]
}

/** The stages of a router with the deployed configuration and a fleet of idle workers. */
async function decider() {
  const loaded = loadConfig()
  const { config } = loaded
  const { ladders, models } = composeLadders(config)
  const guided = await Promise.all(
    ladders.map(async ladder => {
      const { policy } = config.ladders[ladder.name]
      // The texts go to `classify` alone; another policy may need its encoder.
      if (policy === undefined || ladder.task === 'generate') return { ladder }
      const folder = ladder.name === 'classify' ? textPolicy : policy
      return { ladder, policy: await loadPolicy(folder, {}) }
    }),
  )
  const clock = systemClock
  const sha256 = createHash('sha256').update(credential).digest('hex')
  const keys = [{ id: 'bench', sha256, tenant: 'bench', scopes: ['infer'] }]
  const authentication = { auth: { ...config.auth, anonymous: false, keys }, listen: config.listen }
  const { authenticate } = await composeAuthentication(authentication, {}, clock, pino({ level: 'silent' }))
  const admit = createAdmit(admitOptionsOf(loaded), {
    clock,
    fetcher: () => () => Promise.reject(new Error('no part is fetched')),
    audio: { decode: () => Promise.reject(new Error('nothing is decoded')) },
    sight: { decode: () => Promise.reject(new Error('nothing is seen')) },
    takes: () => true,
  })
  const assess = createAssess({
    ladders: createLadderRegistry(guided, models),
    describe: describePart,
    headerOnly: () => {},
  })
  const { targetAttainment: onTimeRatio, escalationBackpressure } = config.scheduling
  const evaluateRungs = createEvaluateRungs(createFleet(idleWorkers(config, clock.now()), new Map()), {
    onTimeRatio,
    escalationBackpressure,
  })
  const choose = createChoose({ evaluateRungs, clock, isPaid: () => true })
  const metrics = createRouterMetrics(createMetricsRegistry(), {
    inFlight: () => 0,
    admissionWaiting: () => 0,
    awaitedLegs: () => 0,
    poolsWaiting: () => new Map(),
  })
  const { signal } = new AbortController()
  return async text => {
    const caller = await authenticate(`Bearer ${credential}`, '127.0.0.1:1')
    const request = {
      task: 'classify',
      parts: [{ kind: 'text', text }],
      options: { labelSet: 'academic-subject' },
      constraints: { priority: 'normal' },
      labels: {},
    }
    const admitted = await admit({ caller, request, mode: 'sync', arrivedAt: clock.now() }, signal)
    const chosen = choose(await assess(admitted))
    // On a busy machine an estimate can miss its time limit; that decision counts with the time that it took.
    const { fallback } = chosen.estimate
    if (fallback !== undefined && fallback !== 'timeout') throw new Error(`no estimate: ${fallback}`)
    metrics.decided(chosen, chosen.assessMs)
  }
}

function idleWorkers(config, startedAt) {
  return Object.entries(config.pools).map(([pool, { concurrency, batch }]) => {
    const models = Object.keys(config.models).filter(name => config.models[name].pool === pool)
    return {
      workerId: `worker-${pool}`,
      pool,
      models,
      capacity: concurrency * batch.maxSize,
      running: 0,
      concurrency: concurrency,
      parallel: Object.fromEntries(models.map(name => [name, 1])),
      draining: false,
      startedAt,
      version: '0',
      envelopeVersion: 1,
      times: {},
    }
  })
}

async function graphAlone() {
  const folder = textPolicy
  const session = await InferenceSession.create(readFileSync(join(folder, 'estimator.onnx')), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  })
  const widths = {
    features: JSON.parse(readFileSync(join(folder, 'policy.json'), 'utf8')).estimator.names.length,
    grams: 8192,
  }
  const feeds = Object.fromEntries(
    session.inputNames.map(name => [
      name,
      new Tensor('float32', new Float32Array(widths[name]).fill(0.5), [1, widths[name]]),
    ]),
  )
  return () => session.run(feeds)
}
