import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endlessWord, writeEndlessPack } from '../../support/servers/endless-pack.ts'
import { until } from '../../support/gateway.ts'
import { installWithPack } from '../../support/deploy/installation.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { connect, startProcess, type RunningProcess, type TestClient } from '../../support/processes.ts'

const card = { title: 'A loop', licence: 'none', source: 'a test', trainingData: 'none', limits: 'it loops' }
const model = {
  pool: 'small',
  tasks: ['classify'],
  modalities: ['text'],
  backend: { kind: 'embedding', pack: 'endless', space: 'test' },
  price: { perComputeSecond: 1000 },
  card,
}

let folder: string
let redis: PrivateRedis
let router: RunningProcess
let worker: RunningProcess
let client: TestClient

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-stuck-'))
  const { root, packs } = installWithPack(folder, 'endless', writeEndlessPack)
  redis = await startPrivateRedis()
  const file = join(folder, 'sluice.yaml')
  writeFileSync(
    file,
    JSON.stringify({
      version: 1,
      log: { level: 'info' },
      listen: { grpc: '127.0.0.1:0', http: '127.0.0.1:0', ops: '127.0.0.1:0' },
      redis: { url: redis.url, prefix: 'stuck' },
      auth: { anonymous: true, anonymousScopes: ['infer'] },
      packs: { folder: packs },
      pools: { small: { tier: 'small', concurrency: 2 } },
      models: { stuck: model, well: model },
      ladders: {
        classify: {
          task: 'classify',
          modalities: ['text'],
          rungs: ['stuck', 'well'],
          uncalibrated: { confidenceThreshold: 0 },
        },
      },
    }),
  )
  router = await startProcess('router', ['--config', file], {}, 60_000, root)
  worker = await startProcess('worker', ['--config', file, '--pool', 'small'], {}, 60_000, root)
  client = connect(String(router.ready['grpc']))
}, 120_000)
afterAll(async () => {
  client?.close()
  await Promise.all([router?.end('SIGKILL'), worker?.end('SIGKILL')])
  await redis?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const ask = (text: string, name: string, deadlineMs = 30_000) =>
  client.infer(
    {
      task: 'TASK_CLASSIFY',
      content: [{ text }],
      options: { labels: ['quick', 'text'] },
      constraints: { model: name },
    },
    { deadlineMs },
  )

describe('a model of a running gateway whose run does not end', () => {
  it(
    'costs the requests that are in it: other models of its worker answer meanwhile',
    { timeout: 120_000 },
    async () => {
      await until(
        'the worker',
        () => ask('a text', 'stuck'),
        ({ failure }) => failure === undefined,
      )
      const stuckAt = performance.now()
      // One is in the run, the others wait for the model: in the worker, and in the queue.
      const stuck = Promise.all([1, 2, 3, 4, 5].map(() => ask(endlessWord, 'stuck', 3000)))
      const elapsed: number[] = []
      while (performance.now() - stuckAt < 5000) {
        const { failure, elapsedMs } = await ask('a text', 'well')
        expect(failure).toBeUndefined()
        elapsed.push(elapsedMs)
      }
      expect(elapsed.length).toBeGreaterThan(5)
      expect(Math.max(...elapsed)).toBeLessThan(2500)
      for (const { failure, elapsedMs } of await stuck) {
        expect(failure?.status).toMatch(/DEADLINE_EXCEEDED|FAILED_PRECONDITION|UNAVAILABLE/u)
        expect(elapsedMs).toBeLessThan(10_000)
      }
      await until(
        'the model that was stuck',
        () => ask('a text', 'stuck', 5000),
        ({ failure }) => failure === undefined,
        60_000,
      )
      expect(worker.child.exitCode).toBeNull()
    },
  )

  it('lets its worker drain', { timeout: 60_000 }, async () => {
    const leaving = ask(endlessWord, 'stuck', 3000)
    await until(
      'the run',
      async () => worker.log(),
      log => log.length > 0,
    )
    const drainedAt = performance.now()
    expect(await worker.end('SIGTERM')).toBe(0)
    expect(performance.now() - drainedAt).toBeLessThan(20_000)
    await leaving
  })
})
