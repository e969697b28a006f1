// Whether a request costs more CPU (Redis, router, worker) where more is stored or configured: 1,000,000 ended jobs
// against 1,000; keys and budgets of 10,000 tenants against 10; 50 models against 2. Each is a system of its own
// beside the base, loaded by turns.
import { createHash } from 'node:crypto'
import { Metadata } from '@grpc/grpc-js'
import { Redis } from 'ioredis'
import { closedLoop, interleave, medianOf } from '../measure/closed-loop.mjs'
import { borrowPolicy, card, credential, everythingOn, firstRung } from '../measure/deployment.mjs'
import { cpuMsOf } from '../measure/usage.mjs'
import { startSystem } from '../measure/system.mjs'

const concurrency = 16
const base = { jobs: 1000, tenants: 10, models: 2 }

/** Measures the base and each kind of growth. */
export async function run({ quick = false, report = () => {} } = {}) {
  const grown = quick ? { jobs: 20_000, tenants: 500, models: 50 } : { jobs: 1_000_000, tenants: 10_000, models: 50 }
  const systems = {}
  try {
    systems.base = await open(base, report)
    for (const kind of Object.keys(grown)) systems[kind] = await open({ ...base, [kind]: grown[kind] }, report)
    const load = seconds => one => closedLoop(one.call, { concurrency, seconds })
    await interleave(systems, 1, load(quick ? 1 : 4))
    const turns = quick ? 1 : 5
    const seen = await interleave(systems, turns, async one => {
      const before = cpuMsOf(one.system.processIds)
      const { times, failed, fault } = await load(quick ? 1 : 2)(one)
      if (failed > 0) throw new Error(`${failed} calls failed: ${fault}`)
      return { cpuMs: (cpuMsOf(one.system.processIds) - before) / times.length, n: times.length }
    })
    return Object.entries(grown).map(([kind, count]) => ({
      metric: `CPU a request, ${count.toLocaleString('en')} ${names[kind]}`,
      unit: 'ms',
      concurrency,
      ours: medianOf(seen.get(kind).map(turn => turn.cpuMs)),
      counterpart: medianOf(seen.get('base').map(turn => turn.cpuMs)),
      counterpartName: `${base[kind].toLocaleString('en')} ${names[kind]}`,
      // Turn by turn, so that what disturbs the machine for a while disturbs both sides of a ratio.
      ratio: medianOf(seen.get(kind).map((turn, at) => turn.cpuMs / seen.get('base')[at].cpuMs)),
      target: '<= 1.1',
      n: seen.get(kind).reduce((sum, turn) => sum + turn.n, 0),
    }))
  } finally {
    await Promise.all(Object.values(systems).map(({ system }) => system.stop()))
  }
}

const names = { jobs: 'stored jobs', tenants: 'tenants', models: 'models' }

async function open({ jobs, tenants, models }, report) {
  const system = await startSystem(configOf(tenants, models))
  report(`${jobs} jobs, ${tenants} tenants, ${models} models`)
  await store(system, jobs)
  const callers = Array.from({ length: tenants }, (_, tenant) => {
    const metadata = new Metadata()
    metadata.set('authorization', `Bearer ${keyOf(tenant)}`)
    return metadata
  })
  const request = { task: 'TASK_GENERATE', content: [{ text: 'is this a question?' }], constraints: firstRung }
  let sent = 0
  return {
    system,
    async call() {
      sent += 1
      const { failure } = await system.infer(request, callers[sent % tenants])
      if (failure !== undefined) throw new Error(JSON.stringify(failure))
    },
  }
}

function keyOf(tenant) {
  return `key-of-tenant-${tenant}`
}

function configOf(tenants, models) {
  const model = {
    pool: 'served',
    tasks: ['generate'],
    modalities: ['text'],
    backend: { kind: 'echo' },
    price: { perInputToken: 1, perOutputToken: 1 },
    card,
  }
  const config = everythingOn({
    pools: { served: { tier: 'served', concurrency: 16, maxWaiting: 20_000 } },
    models: { first: model, second: model },
    policy: borrowPolicy(['first', 'second']),
  })
  const keys = Array.from({ length: tenants }, (_, tenant) => ({
    id: `tenant-${tenant}`,
    sha256: createHash('sha256').update(keyOf(tenant)).digest('hex'),
    tenant: `tenant-${tenant}`,
    scopes: ['infer'],
  }))
  const more = Object.fromEntries(Array.from({ length: models - 2 }, (_, at) => [`more-${at}`, model]))
  return { ...config, auth: { keys: [...config.auth.keys, ...keys] }, models: { ...config.models, ...more } }
}

/** Copies of one ended cascade as the router and the worker left it, under keys of their own, made inside Redis. */
const copyScript = `local dump = redis.call('DUMP', KEYS[1])
local ttl = redis.call('PTTL', KEYS[1])
for at = ARGV[1], ARGV[2] do
  redis.call('RESTORE', ARGV[3] .. string.format('%032x', at) .. '}:cascade', ttl, dump)
end`
const copiesAtOnce = 10_000

async function store(system, count) {
  const job = await submit(system)
  const redis = new Redis({ path: system.redisSocket })
  const key = `bench:{c:${job}}:cascade`
  while ((await redis.hexists(key, 'end')) === 0) await new Promise(resolve => setTimeout(resolve, 20))
  for (let from = 1; from < count; from += copiesAtOnce) {
    await redis.eval(copyScript, 1, key, from, Math.min(count - 1, from + copiesAtOnce - 1), 'bench:{c:')
  }
  const stored = await redis.dbsize()
  if (stored < count) throw new Error(`${stored} keys where ${count} jobs were to be stored`)
  redis.disconnect()
}

function submit({ client }) {
  const request = { task: 'TASK_GENERATE', content: [{ text: 'is this a question?' }], constraints: firstRung }
  return new Promise((resolve, reject) => {
    client.submit({ request }, credential(), (error, answer) =>
      error === null ? resolve(answer.jobId) : reject(error),
    )
  })
}
