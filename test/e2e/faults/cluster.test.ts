import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { untilTrue } from '../../support/gateway.ts'
import { startRedisCluster, type RedisCluster } from '../../support/faults/redis/redis-cluster.ts'
import { connect, startProcess, textRequest, type RunningProcess, type TestClient } from '../../support/processes.ts'

const hasServer = ['redis-server', 'redis-cli'].every(name => spawnSync(name, ['--version']).status === 0)
let cluster: RedisCluster
let running: RunningProcess[] = []
let client: TestClient

describe.skipIf(!hasServer)(
  'on a Redis Cluster of three masters (skipped without redis-server and redis-cli on PATH)',
  () => {
    beforeAll(async () => {
      cluster = await startRedisCluster()
      const environment = { SLUICE_TEST_REDIS: cluster.url }
      const config = ['--config', join(packageRoot(), 'test', 'e2e', 'config', 'echo.yaml')]
      running = await Promise.all([
        startProcess('worker', [...config, '--pool', 'small'], environment),
        startProcess('worker', [...config, '--pool', 'large'], environment),
      ])
      const router = await startProcess('router', config, environment)
      running.push(router)
      client = connect(String(router.ready['grpc']))
    }, 60_000)
    afterAll(async () => {
      client.close()
      await Promise.all(running.map(one => one.end('SIGKILL')))
      await cluster.stop()
    })

    it('escalates, whatever slots the keys of a request fall into', async () => {
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          client.infer(textRequest(`confidence=0.1 ${index}`), { deadlineMs: 10_000 }),
        ),
      )
      expect(answers.flatMap(one => one.failure ?? [])).toEqual([])
      expect(answers.every(one => one.answer?.model === 'echo-large')).toBe(true)
    })

    it('runs a job to its end and answers a repeated key with it', async () => {
      const request = textRequest('confidence=0.1 job', { idempotencyKey: 'k' })
      const [first, again] = [await client.submit(request), await client.submit(request)]
      expect(again.answer?.jobId).toBe(first.answer?.jobId)
      const watched = await client.watch(first.answer?.jobId ?? '')
      expect(watched.answer?.at(-1)?.state).toBe('JOB_STATE_SUCCEEDED')
    })

    it('is UNAVAILABLE and not ready while a master hangs, whichever it is, and serves within 10 s after', async () => {
      const readyz = (): Promise<number[]> =>
        Promise.all(running.map(async ({ ready }) => (await fetch(`http://${String(ready['ops'])}/readyz`)).status))
      for (const node of cluster.nodes) {
        node.signal('SIGSTOP')
        await untilTrue(async () => (await readyz()).every(status => status === 503))
        // Calls whose keys lie on the other masters go well until those take it for failed, and refuse all slots.
        await untilTrue(async () => {
          const { failure } = await client.infer(textRequest('confidence=0.9 during'), { deadlineMs: 5000 })
          return failure?.status === 'UNAVAILABLE'
        })
        expect(await readyz()).toEqual(running.map(() => 503))
        node.signal('SIGCONT')
        await untilTrue(() => cluster.isWell())
        const wellAt = performance.now()
        await untilTrue(async () => {
          const called = await Promise.all(
            Array.from({ length: 8 }, () => client.infer(textRequest('confidence=0.1 after'), { deadlineMs: 3000 })),
          )
          return called.every(({ answer }) => answer?.model === 'echo-large')
        })
        await untilTrue(async () => (await readyz()).every(status => status === 200))
        expect(performance.now() - wellAt).toBeLessThan(10_000)
      }
    }, 120_000)
  },
)
