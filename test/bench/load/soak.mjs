// Minutes of mixed load, and what is left of it: answers, streams, jobs, pictures, refused and cancelled calls, on a
// real encoder where its pack is here. Memory, descriptors and keys are looked at every few seconds; after the first
// third, which warms up, memory should not grow.
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import sharp from 'sharp'
import { borrowPolicy, card, credential, everythingOn, firstRung } from '../measure/deployment.mjs'
import { descriptorsOf, residentMegabytes } from '../measure/usage.mjs'
import { seeded, startSystem } from '../measure/system.mjs'
import { startServer } from '../latency/through/peers.mjs'

/** TakeLoops that call without a pause between two calls, and pauses between them so that the cores keep some room. */
const concurrency = 24
const pauseMs = 40

/**
 * The room for young objects, MB, all the time. V8 makes it larger and smaller in steps of up to 64 MB at times of its
 * own, by which memory goes up and down for a quarter of an hour and more: a slope over minutes would tell of that,
 * and hide what is kept.
 */
const youngMegabytes = 16
const nodeFlags = ['min', 'max'].map(bound => `--${bound}-semi-space-size=${youngMegabytes}`)

/** Loads the system for so many minutes. */
export async function run({ quick = false, minutes = 10, report = () => {} } = {}) {
  const lastMs = quick ? 15_000 : minutes * 60_000
  const upstream = await startServer('upstream.mjs')
  const system = await startSystem(configOf(upstream.port), { nodeFlags })
  const redis = new Redis({ path: system.redisSocket })
  const picture = await sharp({
    create: {
      width: 640,
      height: 480,
      channels: 3,
      background: '#486',
      noise: { type: 'gaussian', mean: 120, sigma: 40 },
    },
  })
    .jpeg({ quality: 90 })
    .toBuffer()
  const endAt = performance.now() + lastMs
  const done = {}
  const kinds = kindsOf(system, picture)
  const lane = async number => {
    const random = seeded(number)
    while (performance.now() < endAt) {
      const kind = kinds[Math.floor(random() * kinds.length)]
      const outcome = await kind.call(random)
      const name = `${kind.name}: ${outcome}`
      done[name] = (done[name] ?? 0) + 1
      await sleep(pauseMs)
    }
  }
  try {
    const running = Promise.all(Array.from({ length: concurrency }, (_, number) => lane(number)))
    const samples = await sample(system, redis, endAt)
    await running
    // What is at work ends, reply streams are trimmed, holds are settled.
    await sleep(3000)
    report(JSON.stringify(done))
    return rowsOf(samples, done)
  } finally {
    redis.disconnect()
    await system.stop()
    upstream.stop()
  }
}

async function sample(system, redis, endAt) {
  const samples = []
  const startedAt = performance.now()
  while (performance.now() < endAt) {
    const [, keys = 0, ending = 0] = /keys=(\d+),expires=(\d+)/u.exec(await redis.info('keyspace')) ?? []
    samples.push({
      minute: (performance.now() - startedAt) / 60_000,
      router: residentMegabytes(system.pidOf('router')),
      workers: workersOf(system).reduce((sum, pid) => sum + residentMegabytes(pid), 0),
      descriptors: system.processIds.reduce((sum, pid) => sum + descriptorsOf(pid), 0),
      keys: Number(keys) - Number(ending),
    })
    await sleep(1000)
  }
  return samples
}

function workersOf(system) {
  return system.processIds.filter(pid => pid !== system.redisPid && pid !== system.routerPid)
}

function rowsOf(samples, done) {
  const warm = samples.slice(Math.ceil(samples.length / 3))
  const n = Object.values(done).reduce((sum, count) => sum + count, 0)
  const growths = [
    ['router', 'memory of the router', 'MB'],
    ['workers', 'memory of the workers', 'MB'],
    ['descriptors', 'descriptors', ''],
    // What is at work has keys that come and go.
    ['keys', 'Redis keys without an end', ''],
  ]
  return growths.flatMap(([name, what, unit]) => {
    const { slope, error } = lineThrough(warm.map(one => [one.minute, one[name]]))
    const common = { concurrency: concurrency, n }
    return [
      {
        ...common,
        metric: `${what}: growth after the warm-up`,
        unit: `${unit}/min`,
        ours: slope,
        counterpart: error,
        counterpartName: 'noise (two standard errors)',
        ratio: error === 0 ? Math.sign(slope) : Math.max(0, slope) / error,
        target: '<= 1',
      },
      { ...common, metric: `${what} at the end`, unit, ours: warm.at(-1)[name] },
    ]
  })
}

/**
 * The line that lies nearest to some points, and twice the standard error of its slope. Memory falls at each
 * collection and grows between them, so neighbours are alike: the error is that of means over twelfths of the time,
 * not of single looks.
 */
function lineThrough(points) {
  const size = Math.max(1, Math.floor(points.length / 12))
  const means = Array.from({ length: Math.floor(points.length / size) }, (_, at) => {
    const some = points.slice(at * size, (at + 1) * size)
    return [0, 1].map(axis => some.reduce((sum, point) => sum + point[axis], 0) / some.length)
  })
  const [meanX, meanY] = [0, 1].map(axis => means.reduce((sum, point) => sum + point[axis], 0) / means.length)
  const spreadX = means.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  const slope = means.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spreadX
  const rest = means.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0)
  return { slope, error: 2 * Math.sqrt(rest / (means.length - 2) / spreadX) }
}

/** What callers do; each gives a word for how it ended. */
function kindsOf(system, picture) {
  const metadata = credential()
  const text = random => [{ text: `is ${random()} a question?` }]
  const infer = async request => {
    const { failure } = await system.infer(request, metadata)
    return failure === undefined ? 'answered' : failure.status
  }
  const generate = content => ({ task: 'TASK_GENERATE', content, constraints: firstRung })
  const kinds = {
    answer: random => infer(generate(text(random))),
    cascade: random => infer({ ...generate(text(random)), constraints: { minQuality: 0.999 } }),
    picture: random => infer(generate([...text(random), { image: { bytes: picture } }])),
    long: random => infer(generate([{ text: `${random()} `.repeat(2000) }])),
    once(random) {
      const key = Math.floor(random() * 50)
      return infer({ ...generate([{ text: `is ${key} a question?` }]), idempotencyKey: `key ${key}` })
    },
    malformed: () => infer(generate([])),
    late: random => infer({ ...generate(text(random)), constraints: { deadline: { seconds: 0, nanos: 2e6 } } }),
    stranger: async random => {
      const { failure } = await system.infer(generate(text(random)))
      return failure?.status ?? 'answered'
    },
    stream: random => streamed(system.client.inferStream(generate(text(random)), metadata)),
    left: random => left(system, generate(text(random)), metadata),
    job: random => submitted(system, generate(text(random)), metadata),
    ...(hasEncoder() ? { embed: random => infer({ task: 'TASK_EMBED', content: text(random) }) } : {}),
  }
  return Object.entries(kinds).map(([name, call]) => ({ name, call }))
}

function streamed(call) {
  return new Promise(resolve => {
    call.on('data', () => {})
    call.once('error', error => resolve(error.code))
    call.once('end', () => resolve('answered'))
  })
}

async function left({ client }, request, metadata) {
  const call = client.infer(request, metadata, () => {})
  await sleep(3)
  call.cancel()
  return 'left'
}

function submitted({ client }, request, metadata) {
  return new Promise(resolve => {
    client.submit({ request }, metadata, error => resolve(error === null ? 'taken' : error.code))
  })
}

function hasEncoder() {
  return existsSync(join(homedir(), '.cache', 'sluice', 'packs', 'minilm'))
}

function configOf(port) {
  const served = {
    pool: 'served',
    tasks: ['generate'],
    modalities: ['text', 'image'],
    backend: { kind: 'openai', baseUrl: `http://127.0.0.1:${port}/v1`, model: 'mock', logprobs: false, vision: true },
    price: { perInputToken: 1, perOutputToken: 1 },
    card,
  }
  const config = everythingOn({
    pools: { served: { tier: 'served', concurrency: 32 } },
    models: { first: served, second: served },
    modalities: ['text', 'image'],
    policy: borrowPolicy(['first', 'second']),
  })
  if (!hasEncoder()) return config
  const encoder = {
    pool: 'encoders',
    tasks: ['embed'],
    modalities: ['text'],
    backend: { kind: 'embedding', pack: 'minilm', space: 'minilm' },
    price: { perComputeSecond: 11_000 },
    card,
  }
  return {
    ...config,
    pools: { ...config.pools, encoders: { tier: 'encoders', concurrency: 2, batch: { maxSize: 8, maxWaitMs: 4 } } },
    models: { ...config.models, encoder },
    ladders: { ...config.ladders, embed: { task: 'embed', modalities: ['text'], rungs: ['encoder'] } },
  }
}
