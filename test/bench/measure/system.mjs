// A whole system for measurements: a Redis of its own, a router, workers, and a client, each a real process. Needs
// `npm run build`.
import { credentials, Metadata } from '@grpc/grpc-js'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serviceFlags } from '../../../dist/services/platform/process/service-flags.js'
import { loadErrorMessages, loadServices, typesOf } from '../../../dist/services/wire/load-proto.js'
import { readFailure } from '../../../dist/services/wire/status.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const types = typesOf(loadServices(root)).sluice.v1
const messages = loadErrorMessages(root)

// A measurement that is stopped ends as any other does, and with it what it started.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

/**
 * Starts Redis, a router and one worker for each pool of the configuration, these with some flags of node's; `stop`
 * ends all of them.
 */
export async function startSystem(config, { nodeFlags = [] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  const socket = join(folder, 'redis.sock')
  const children = []
  // Whatever ends the measurement ends them too.
  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL')
  })
  const start = (command, parameters) => {
    const child = spawn(command, parameters, { stdio: ['ignore', 'ignore', 'pipe'] })
    children.push(child)
    return child
  }
  const limits = ['--save', '', '--maxmemory-policy', 'noeviction']
  const redis = start('redis-server', ['--port', '0', '--unixsocket', socket, ...limits])
  await new Promise(resolve => setTimeout(resolve, 500))
  const file = join(folder, 'sluice.yaml')
  const listen = { grpc: '127.0.0.1:0', http: '127.0.0.1:0', ops: '127.0.0.1:0' }
  // JSON is YAML too.
  writeFileSync(
    file,
    JSON.stringify({ ...config, listen, redis: { ...config.redis, url: `unix://${socket}`, prefix: 'bench' } }),
  )
  const pids = new Map()
  const service = (name, parameters) => {
    const path = join(root, 'dist', 'services', name, 'main.js')
    const child = start(process.execPath, [...serviceFlags, ...nodeFlags, path, '--config', file, ...parameters])
    pids.set(name, child.pid)
    return untilReady(name, child)
  }
  await Promise.all(
    Object.keys(config.pools).map(pool => {
      const ready = service('worker', ['--pool', pool])
      pids.set(pool, children.at(-1).pid)
      return ready
    }),
  )
  const ready = await service('router', [])
  const routerPid = children.at(-1).pid
  const clients = []
  /** A client with a connection of its own: a router takes so many streams of one, and callers do not share theirs. */
  const connect = () => {
    const options = { 'grpc.use_local_subchannel_pool': 1 }
    const own = new types.Gateway(ready.grpc, credentials.createInsecure(), options)
    clients.push(own)
    return own
  }
  const client = connect()
  return {
    redisSocket: socket,
    opsUrl: `http://${ready.ops}`,
    httpPort: Number(ready.http.split(':').at(-1)),
    routerPid,
    client,
    connect,
    redisPid: redis.pid,
    /** Those of Redis, the workers and the router. */
    processIds: children.map(child => child.pid),
    /** The process of the router, of a pool's worker, or of the worker that was started last. */
    pidOf: name => pids.get(name),
    /** One call: an answer or a failure, and how long it took. */
    infer: (request, metadata = new Metadata(), by = client) =>
      new Promise(resolve => {
        const startedAt = performance.now()
        by.infer(request, metadata, (error, answer) => {
          const elapsedMs = performance.now() - startedAt
          resolve(error === null ? { answer, elapsedMs } : { failure: readFailure(error, messages), elapsedMs })
        })
      }),
    async stop() {
      for (const one of clients) one.close()
      await Promise.all(
        children.toReversed().map(child => {
          const exited = new Promise(resolve => child.once('exit', resolve))
          child.kill('SIGKILL')
          return exited
        }),
      )
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function untilReady(name, child) {
  let log = ''
  return new Promise((resolve, reject) => {
    child.once('exit', code => reject(new Error(`${name} ended with ${code}:\n${log}`)))
    const read = piece => {
      log += piece.toString()
      const line = log.split('\n').find(one => one.includes(`${name} is ready`))
      if (line === undefined) return
      // What comes later is looked at for faults alone: reading a log of every request would cost the measurement.
      child.stderr.off('data', read)
      resolve(JSON.parse(line))
    }
    child.stderr.on('data', read)
    child.stderr.on('data', piece => {
      if (piece.includes('"level":"error"') || piece.includes('"level":"fatal"')) process.stderr.write(piece)
    })
  })
}

/** A pool of echoes whose delays are lognormal with a 95th percentile of three times the median. */
export const spread = Math.log(3) / 1.6448536269514722

/** What an echo with this median and the spread above takes for a text, as it reckons it itself. */
export function delayOf(text, medianMs) {
  const digest = createHash('sha256').update(text).digest()
  const [radius, angle] = [0, 4].map(at => (digest.readUInt32BE(at) + 0.5) / 2 ** 32)
  return medianMs * Math.exp(spread * Math.sqrt(-2 * Math.log(radius)) * Math.cos(2 * Math.PI * angle))
}

/** The configuration of one ladder of echoes; `rungs` has name, pool settings and backend of each. */
export function echoLadder(rungs, more = {}) {
  const card = {
    title: 'Echo',
    licence: 'Apache-2.0',
    source: 'this project',
    trainingData: 'none',
    limits: 'it repeats',
  }
  return {
    version: 1,
    auth: { anonymous: true, anonymousTenant: 'local', anonymousScopes: ['infer', 'admin'] },
    pools: Object.fromEntries(rungs.map(({ name, pool }) => [name, { tier: name, ...pool }])),
    models: Object.fromEntries(
      rungs.map(({ name, backend, price = {} }) => [
        name,
        { pool: name, tasks: ['generate'], modalities: ['text'], backend: { kind: 'echo', ...backend }, price, card },
      ]),
    ),
    ladders: {
      generate: {
        task: 'generate',
        modalities: ['text'],
        rungs: rungs.map(({ name }) => name),
        ...(rungs.length > 1 ? { uncalibrated: { confidenceThreshold: 0.8 } } : {}),
      },
    },
    ...more,
  }
}

/** Even numbers in [0,1) that are the same for the same seed. @source Mulberry32, Tommy Ettinger (public domain) */
export function seeded(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** The value that a share of all does not pass. */
export function quantile(values, ratio) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * ratio) - 1))] ?? 0
}

/** What the figures were taken on. */
export const machine = { cpu: cpus()[0]?.model ?? '', cores: cpus().length, node: process.version }

/** Waits until a time of `performance.now()`. */
export function until(atMs) {
  const ms = atMs - performance.now()
  return ms <= 0 ? Promise.resolve() : new Promise(resolve => setTimeout(resolve, ms))
}
