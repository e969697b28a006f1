import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Deployment } from '../support/faults/deployment.ts'
import { onThisMachine } from '../support/faults/machine-delay.ts'
import { playFault } from '../support/faults/play-fault.ts'
import { makeFolder, startRedisServer, type RedisServer } from '../support/faults/redis/redis-servers.ts'
import { show } from '../support/faults/report.ts'
import { shifted } from '../support/faults/shifted.ts'

let folder: ReturnType<typeof makeFolder>
let server: RedisServer
beforeEach(async () => {
  folder = makeFolder('one')
  server = await startRedisServer({ folder: folder.path })
})
afterEach(async () => {
  await server.stop()
  folder.remove()
})

const hourMs = 3_600_000

it.each([
  [
    'a worker is killed, another is started',
    async ({ workers, startWorker }: Deployment) => {
      await workers[0]?.end('SIGKILL')
      await startWorker()
    },
  ],
  [
    'a worker hangs for 8 s',
    async ({ workers }: Deployment) => {
      workers[0]?.child.kill('SIGSTOP')
      await sleep(8000)
      workers[0]?.child.kill('SIGCONT')
    },
  ],
  [
    'a router is killed, another is started',
    async ({ routers, startRouter }: Deployment) => {
      await routers[0]?.process.end('SIGKILL')
      await startRouter()
    },
  ],
  [
    'routers and a worker whose clocks are an hour off join',
    async ({ startRouter, startWorker }: Deployment) => {
      await startRouter(shifted(hourMs))
      await startRouter(shifted(-hourMs))
      await startWorker(shifted(hourMs))
      await sleep(8000)
    },
  ],
] as const)('%s', async (name, fault) => {
  const report = await playFault({
    deployment: { redisUrl: `redis://127.0.0.1:${server.port}`, budgets: { tenantRequestsPerMinute: 3000 } },
    modelDelayMs: 300,
    afterMs: 15_000,
    fault,
    books: () => server.control,
  })
  show(name, report)
  expect(report).toMatchObject({ jobsLost: 0 })
  // What ran twice is paid once, and a leg that left no receipt is the deployment's. Below 0 is what the model server
  // served to a worker that was killed before it could write its receipt.
  expect(report.tenantOffNanoUsd).toBeLessThanOrEqual(0)
  expect(report.recoveryMs).toBeLessThan(onThisMachine(10_000, report.machineDelay))
})
