import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { untilTrue } from '../../support/gateway.ts'
import { textRequest } from '../../support/processes.ts'
import { scrape } from '../../support/scrape.ts'
import { deploy, type Deployment } from '../../support/faults/deployment.ts'
import { startModelServer, type ModelServer } from '../../support/faults/model-server.ts'
import { makeFolder, startRedisServer, type RedisServer } from '../../support/faults/redis/redis-servers.ts'

let folder: ReturnType<typeof makeFolder>
let server: RedisServer
let models: ModelServer
let deployment: Deployment

beforeAll(async () => {
  folder = makeFolder('refusals')
  ;[server, models] = await Promise.all([
    startRedisServer({ folder: folder.path, settings: { 'enable-protected-configs': 'yes' } }),
    startModelServer(),
  ])
  deployment = await deploy({
    redisUrl: `redis://127.0.0.1:${server.port}`,
    modelUrl: models.baseUrl,
    routers: 1,
    workers: 1,
  })
})
afterAll(async () => {
  await deployment?.stop()
  await Promise.all([models?.close(), server?.stop()])
  folder?.remove()
})

const set = async (settings: Readonly<Record<string, string>>): Promise<void> => {
  for (const [name, value] of Object.entries(settings)) await server.control.config('SET', name, value)
}

/** A state in which Redis answers and does not serve. */
interface State {
  readonly refusal: string
  begin(): Promise<unknown>
  end(): Promise<unknown>
}

const states: readonly State[] = [
  { refusal: 'full', begin: () => set({ maxmemory: '1mb' }), end: () => set({ maxmemory: '0' }) },
  {
    refusal: 'disk',
    async begin() {
      const gone = join(folder.path, 'gone')
      mkdirSync(gone)
      await set({ dir: gone, save: '3600 1' })
      rmSync(gone, { recursive: true })
      await server.control.bgsave()
      await untilTrue(async () => /rdb_last_bgsave_status:err/u.test(await server.control.info('persistence')))
    },
    end: () => set({ save: '', 'stop-writes-on-bgsave-error': 'no' }),
  },
  {
    refusal: 'no-replicas',
    begin: () => set({ 'min-replicas-to-write': '1' }),
    end: () => set({ 'min-replicas-to-write': '0' }),
  },
  {
    refusal: 'busy',
    async begin() {
      await set({ 'busy-reply-threshold': '100' })
      const looping = server.control.duplicate()
      void looping
        .eval('while true do end', 0)
        .catch(() => 0)
        .finally(() => looping.disconnect())
      await untilTrue(async () =>
        (await server.control.ping().catch((error: Error) => error.message)).startsWith('BUSY'),
      )
    },
    end: () => server.control.call('SCRIPT', 'KILL'),
  },
  {
    refusal: 'read-only',
    begin: () => server.control.call('REPLICAOF', '127.0.0.1', '1'),
    end: () => server.control.call('REPLICAOF', 'NO', 'ONE'),
  },
]

const readyz = (): Promise<Response[]> => Promise.all(deployment.opsUrls.map(url => fetch(`${url}/readyz`)))

describe('a Redis that answers and cannot serve', () => {
  it.each(states)('($refusal) is UNAVAILABLE to every caller, not ready, counted, and over when it is', async state => {
    const { client, process } = deployment.routers[0]!
    await state.begin()
    const request = textRequest('hello')
    const failures = (
      await Promise.all([
        client.infer(request, { deadlineMs: 5000 }),
        client.stream(request, { deadlineMs: 5000 }),
        client.submit(request, { deadlineMs: 5000 }),
        client.submit({ ...request, idempotencyKey: `key-${state.refusal}` }, { deadlineMs: 5000 }),
      ])
    ).map(({ failure }) => failure)
    const unavailable = { status: 'UNAVAILABLE', retryAfterMs: 1000 }
    expect(failures).toEqual(failures.map(() => expect.objectContaining(unavailable)))
    await untilTrue(async () => (await readyz()).every(({ status }) => status === 503))
    const opsUrl = `http://${String(process.ready['ops'])}`
    const { refusal } = state
    // A connection to a replica is broken by its role too, before it has refused anything.
    const least = refusal === 'read-only' ? 0 : 1
    expect(await scrape(opsUrl, 'sluice_router_store_refusals_total', { refusal })).toBeGreaterThanOrEqual(least)
    await state.end()
    const endedAt = performance.now()
    await untilTrue(async () => (await client.infer(request, { deadlineMs: 5000 })).failure === undefined)
    await untilTrue(async () => (await readyz()).every(({ status }) => status === 200))
    expect(performance.now() - endedAt).toBeLessThan(10_000)
  })
})

describe('a Redis that hangs', () => {
  it('is UNAVAILABLE to the first caller within about a second, to the next at once, and serves again when it goes on', async () => {
    const { client } = deployment.routers[0]!
    const request = textRequest('hello')
    server.signal('SIGSTOP')
    const first = await client.infer(request, { deadlineMs: 10_000 })
    const next = await client.infer(request, { deadlineMs: 10_000 })
    server.signal('SIGCONT')
    expect([first.failure?.reason, next.failure?.reason]).toEqual(['STORE_AWAY', 'STORE_AWAY'])
    process.stdout.write(`Redis hangs: ${Math.round(first.elapsedMs)} ms, then ${Math.round(next.elapsedMs)} ms\n`)
    // 0.8 s, and what a busy machine adds.
    expect(first.elapsedMs).toBeLessThan(1500)
    expect(next.elapsedMs).toBeLessThan(first.elapsedMs)
    await untilTrue(async () => (await client.infer(request, { deadlineMs: 5000 })).failure === undefined)
  })
})
