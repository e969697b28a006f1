import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '#services/cli/system/private-redis'
import { packageRoot } from '#services/config/load-config'
import { untilTrue } from '../../support/gateway.ts'
import { connect, startProcess, textRequest, type RunningProcess, type TestClient } from '../../support/processes.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { scrape } from '../../support/scrape.ts'

/* Every router and worker is replaced twice, one after the other, while callers ask. */

const pools = ['small', 'large'] as const
const config = join(packageRoot(), 'test', 'e2e', 'config', 'echo.yaml')
const running = new Set<RunningProcess>()
let redis: PrivateRedis
let client: TestClient
let ports: readonly number[]

async function start(service: 'router' | 'worker', parameters: readonly string[], set = ''): Promise<RunningProcess> {
  const environment = { SLUICE_TEST_REDIS: redis.url, ...(set === '' ? {} : { SLUICE_SET: set }) }
  const started = await startProcess(service, ['--config', config, ...parameters], environment)
  running.add(started)
  return started
}

const startRouter = (port: number): Promise<RunningProcess> => start('router', [], `listen.grpc=127.0.0.1:${port}`)
const startWorker = (pool: string): Promise<RunningProcess> => start('worker', ['--pool', pool])

/** Every call carries an idempotency key, so that asking again is not paid twice. */
const retried = {
  name: [{ service: 'sluice.v1.Gateway' }],
  retryPolicy: {
    maxAttempts: 4,
    initialBackoff: '0.1s',
    maxBackoff: '1s',
    backoffMultiplier: 2,
    retryableStatusCodes: ['UNAVAILABLE'],
  },
}

/** Asks as a rollout does, and wants a clean end: exit code 0, nothing left behind. */
async function retire(process: RunningProcess): Promise<number | null> {
  const code = await process.end('SIGTERM')
  running.delete(process)
  return code
}

interface Fleet {
  readonly workers: RunningProcess[]
  readonly routers: RunningProcess[]
}

/** Replaces every process by a new one while jobs are under way that outlive their processes. */
async function rollOver(round: string, fleet: Fleet): Promise<{ jobs: string[]; exits: (number | null)[] }> {
  const jobs: string[] = []
  // Every pool is a deployment of its own, rolled beside the other; one more before one less.
  const exits = await Promise.all(
    pools.map(async (pool, index) => {
      jobs.push(await submit(`a job of a worker, in the ${round} round, ${index}`))
      const next = await startWorker(pool)
      return replace(fleet.workers, index, () => next)
    }),
  )
  for (const [index, port] of ports.entries()) {
    jobs.push(await submit(`a job of a router, in the ${round} round, ${index}`))
    exits.push(await replace(fleet.routers, index, () => startRouter(port)))
    // The client has to find it before the other goes.
    const opsUrl = `http://${String(fleet.routers[index]?.ready['ops'])}`
    await untilTrue(async () => (await scrape(opsUrl, 'sluice_router_requests_total', { rpc: 'Infer' })) > 0)
  }
  return { jobs, exits }
}

async function replace(
  among: RunningProcess[],
  index: number,
  next: () => RunningProcess | Promise<RunningProcess>,
): Promise<number | null> {
  const old = among[index]
  const code = old === undefined ? null : await retire(old)
  among[index] = await next()
  return code
}

async function submit(name: string): Promise<string> {
  const request = textRequest(`${name} delay=300 confidence=0.1`, { idempotencyKey: name })
  const { answer: job, failure } = await client.submit(request)
  if (job === undefined) throw new Error(`${name} was not taken: ${failure?.status} ${failure?.message}`)
  return job.jobId
}

beforeAll(async () => {
  redis = await startPrivateRedis({ appendOnly: true })
  ports = [await freePort(), await freePort()]
  // The client balances by itself and asks again where a connection went away under a call, as the README advises.
  client = connect(`ipv4:${ports.map(port => `127.0.0.1:${port}`).join(',')}`, {
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }], methodConfig: [retried] }),
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 300,
  })
})

afterAll(async () => {
  client?.close()
  await Promise.all([...running].map(process => process.end('SIGKILL')))
  await redis?.stop()
})

it(
  'replaces two routers and two workers twice under load, without one failed request',
  {
    timeout: 180_000,
  },
  async () => {
    const fleet: Fleet = {
      workers: await Promise.all(pools.map(pool => startWorker(pool))),
      routers: await Promise.all(ports.map(port => startRouter(port))),
    }
    while ((await client.infer(textRequest('are you there?'))).failure !== undefined) {
      await new Promise(resolve => setTimeout(resolve, 50))
    }

    const failures: string[] = []
    let answered = 0
    let over = false
    const lane = async (index: number): Promise<void> => {
      for (let turn = 0; !over; turn += 1) {
        // One in four cascades; one in eight takes long enough to be under way when its router or worker is asked to
        // go.
        const cascades = turn % 4 === 0 ? 'confidence=0.1' : 'confidence=0.9'
        const slow = turn % 8 === 5 ? 'delay=400' : ''
        const request = textRequest(`${index} ${turn} ${cascades} ${slow}`, { idempotencyKey: `${index}-${turn}` })
        const { failure } = await client.infer(request, { deadlineMs: 20_000 })
        if (failure === undefined) answered += 1
        else failures.push(`${failure.status}: ${failure.message}`)
        // Calls are always under way, and leave the processes that start the CPU that they need.
        await new Promise(resolve => setTimeout(resolve, 60))
      }
    }
    const concurrency = Array.from({ length: 12 }, (_, index) => lane(index))
    const first = await rollOver('first', fleet)
    const second = await rollOver('second', fleet)
    over = true
    await Promise.all(concurrency)

    expect(failures).toEqual([])
    expect(answered).toBeGreaterThan(200)
    expect([...first.exits, ...second.exits]).toEqual(Array.from({ length: 8 }, () => 0))
    const jobs = [...first.jobs, ...second.jobs]
    const ended = await Promise.all(jobs.map(jobId => client.watch(jobId)))
    expect(ended.map(({ answer, failure }) => answer?.at(-1)?.state ?? failure?.message)).toEqual(
      jobs.map(() => 'JOB_STATE_SUCCEEDED'),
    )
    process.stdout.write(`rolling restart, twice: ${answered} answered, ${failures.length} failed\n`)
  },
)
