// The ledger's cost: what reserving and settling add to the CPU time of a router for one request. Five turns,
// each measuring in the same run: a whole router that answers over gRPC, and in this process the two stages alone
// against the same Redis. Needs `npm run build`.
// node test/bench/money/ledger.mjs [--requests 4000] [--concurrency 64] [--json FILE]
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { createReserve } from '../../../dist/services/router/reserve/reserve.js'
import { createBudgets } from '../../../dist/services/router/ledger/budgets.js'
import { createGeneration } from '../../../dist/services/state/ledger/generation.js'
import { createMemoryFile } from '../../../dist/services/state/ledger/memory-file.js'
import { createRedisLedger } from '../../../dist/services/state/ledger/redis-ledger.js'
import { createSettler } from '../../../dist/services/router/settle/settle.js'
import { createRequestId } from '../../../dist/services/contract/ids.js'
import { connectRedis, whenReady } from '../../../dist/services/platform/redis/connect.js'
import { echoLadder, machine, startSystem } from '../measure/system.mjs'

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '4000' },
    concurrency: { type: 'string', default: '64' },
    json: { type: 'string' },
  },
})
const [requests, concurrency] = [Number(values.requests), Number(values.concurrency)]
/** Clock ticks of Linux are hundredths of a second. */
const tickMicros = 10_000
const budgets = {
  tenantPerDayUsd: 1_000_000,
  tenantPerMonthUsd: 2_000_000,
  deployment: { perDayUsd: 5_000_000 },
  pools: { large: { perDayUsd: 1_000_000 } },
}
const pool = { concurrency: 16, batch: { maxSize: 8, maxWaitMs: 1 } }
const system = await startSystem(
  echoLadder(
    [
      { name: 'small', pool, backend: { confidence: 0.9 }, price: { perRequest: 1000, perOutputToken: 10 } },
      { name: 'large', pool, backend: { confidence: 0.95 }, price: { perRequest: 7000, perOutputToken: 70 } },
    ],
    { budgets, limits: { inFlight: 5000, inFlightShare: 1 } },
  ),
)
try {
  const control = new Redis({ path: system.redisSocket })
  const pid = system.routerPid
  const stages = await createStages(system.redisSocket)
  // Both run until the compiler has done its work.
  await atOnce(3000, () => system.infer(request()))
  await atOnce(6000, () => stages.hold(createRequestId(Date.now())))
  const turns = []
  for (let turn = 0; turn < 5; turn += 1) turns.push(await measure(pid, control, stages))
  const [ledger, router, redis] = ['ledgerMicros', 'routerMicros', 'redisMicros'].map(name =>
    median(turns.map(one => one[name])),
  )
  const scenario = {
    name: 'ledger: reserve and settle beside the rest of a router',
    concurrency,
    metric: 'CPU microseconds a request',
    value: ledger,
    bare: router - ledger,
    ratio: ledger / (router - ledger),
    redisMicros: redis,
    turns,
  }
  process.stdout.write(`${JSON.stringify(scenario, undefined, 2)}\n`)
  if (values.json !== undefined) {
    writeFileSync(values.json, JSON.stringify({ machine, scenarios: [scenario] }, undefined, 2))
  }
  control.disconnect()
  stages.close()
} finally {
  await system.stop()
}

async function measure(pid, control, stages) {
  const routerBefore = cpuMicrosOf(pid)
  const failures = await atOnce(requests, async () => (await system.infer(request())).failure)
  const routerMicros = (cpuMicrosOf(pid) - routerBefore) / requests
  if (failures.length > 0) throw new Error(`${failures.length} calls failed: ${JSON.stringify(failures[0])}`)
  const ids = Array.from({ length: requests }, () => createRequestId(Date.now()))
  const own = process.cpuUsage()
  const redisBefore = await redisMicrosOf(control)
  await atOnce(requests, () => stages.hold(ids.pop()))
  const used = process.cpuUsage(own)
  const redisMicros = ((await redisMicrosOf(control)) - redisBefore) / requests
  return { routerMicros, ledgerMicros: (used.user + used.system) / requests, redisMicros }
}

function request() {
  return { task: 'TASK_GENERATE', content: [{ text: 'what is held is settled' }], options: { maxOutputTokens: 64 } }
}

/** The two stages as the router builds them, over a connection of its kind; the cascade between them is left out. */
async function createStages(socket) {
  const logger = pino({ level: 'silent' })
  const redis = connectRedis({ url: `unix://${socket}`, commandTimeoutMs: 5000 }, logger)
  await whenReady(redis, 5000)
  const clock = { now: () => Date.now() }
  const keep = { prefix: 'alone', keepCounterMs: 86_400_000 }
  const generation = await createGeneration({ ...keep, onEmpty: 'start' }, redis, createMemoryFile(undefined), logger)
  const ledger = createRedisLedger({ ...keep, rememberMs: 60_000 }, redis, generation)
  const limit = usd => ({ nanoUsd: usd * 1e9, shadow: false })
  const tenantBudgets = createBudgets({
    timeZone: 'UTC',
    tenant: { day: limit(1_000_000), month: limit(2_000_000) },
    tenants: new Map(),
    pools: new Map([['large', { day: limit(1_000_000) }]]),
    deployment: { day: limit(5_000_000) },
  })
  const reserve = createReserve(
    { holdLeaseMs: 10_000, payers: {} },
    { ledger, budgets: tenantBudgets, clock, observe: () => {} },
  )
  const settler = createSettler({ ledger, cascadeLog: undefined, clock, logger, observe: () => {} })
  const candidateRungs = ['small', 'large'].map((name, index) => ({
    rung: { name, model: { name, pool: name }, recipe: {} },
    reserveNanoUsd: 2000 + index * 10_000,
  }))
  /** The id is made at admission, whether money is held or not. */
  const hold = async requestId => {
    const reserved = await reserve.hold({
      requestId,
      caller: { tenant: 'local' },
      request: { constraints: {} },
      candidateRungs,
      firstStep: { kind: 'call', model: 'small' },
      reserveNanoUsd: 14_000,
      mostTokens: 100,
      deadlineAt: clock.now() + 30_000,
    })
    const receipt = { usage: { outputTokens: 23 }, costNanoUsd: 1230, attempt: 1 }
    const leg = { index: 0, rung: 'small', pool: 'small', attempt: 1, end: { kind: 'done', receipt } }
    const plan = { rungs: [{ name: 'small', reserveNanoUsd: 2000 }] }
    await settler.settle(reserved, { requestId: reserved.requestId, plan, legs: [leg] })
  }
  return { hold, close: () => redis.disconnect() }
}

/** Runs a task so many times, as many at once as the concurrency says; gives what is not undefined. */
async function atOnce(total, task) {
  let next = 0
  const results = []
  const lane = async () => {
    while (next < total) {
      next += 1
      const result = await task()
      if (result !== undefined) results.push(result)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  return results
}

/** User and system time of a process. @source proc(5), /proc/pid/stat, fields 14 and 15 */
function cpuMicrosOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * tickMicros
}

async function redisMicrosOf(control) {
  const info = await control.info('cpu')
  const seconds = name => Number(new RegExp(`${name}:([\\d.]+)`, 'u').exec(info)?.[1] ?? 0)
  return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
}
