import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { onThisMachine } from '../support/faults/machine-delay.ts'
import { playFault } from '../support/faults/play-fault.ts'
import { makeFolder, startRedisServer, type RedisServer } from '../support/faults/redis/redis-servers.ts'
import { show } from '../support/faults/report.ts'
import { isAlive } from '../support/faults/deployment.ts'

let folder: ReturnType<typeof makeFolder>
let server: RedisServer
beforeEach(async () => {
  folder = makeFolder('one')
  server = await startRedisServer({ folder: folder.path, settings: { appendonly: 'yes' } })
})
afterEach(async () => {
  await server.stop()
  folder.remove()
})

const load = { streamsPerSecond: 4, streamMs: 1000 }
const frozenMs = 30_000
const redisUrl = (): string => `redis://127.0.0.1:${server.port}`

it('a router hangs for 30 s in the midst of streams and goes on', async () => {
  const report = await playFault({
    deployment: { redisUrl: redisUrl() },
    load,
    afterMs: 14_000,
    books: () => server.control,
    async fault({ routers }) {
      routers[0]?.process.child.kill('SIGSTOP')
      await sleep(frozenMs)
      routers[0]?.process.child.kill('SIGCONT')
    },
  })
  show('a router hangs for 30 s in the midst of streams', report)
  expect(report.recoveryMs).toBeLessThan(onThisMachine(10_000, report.machineDelay))
  expect(report).toMatchObject({ jobsLost: 0, lateReady: 0 })
  expect(report.tenantOffNanoUsd).toBeLessThanOrEqual(0)
  expect(Object.keys(report.byStatus).filter(status => status.includes('BROKEN'))).toEqual([])
})

it('one of two processes of a router hangs for good: it is ended and another takes its place', async () => {
  const processesOf = (pid: number | undefined): readonly number[] =>
    spawnSync('pgrep', ['-P', String(pid)])
      .stdout.toString()
      .trim()
      .split('\n')
      .map(Number)
  let before: readonly number[] = []
  let after: readonly number[] = []
  const report = await playFault({
    deployment: { redisUrl: redisUrl(), router: { processes: 2 } },
    load,
    afterMs: 20_000,
    books: () => server.control,
    async fault({ routers }) {
      const router = routers[0]?.process
      before = processesOf(router?.child.pid)
      process.kill(before[0] ?? 0, 'SIGSTOP')
      while (router !== undefined && isAlive(router)) {
        after = processesOf(router.child.pid)
        if (!after.includes(before[0] ?? 0) && after.length === 2) break
        await sleep(100)
      }
    },
  })
  show('one of two processes of a router hangs for good', report)
  expect(before).toHaveLength(2)
  expect(after).toHaveLength(2)
  expect(report.recoveryMs).toBeLessThan(onThisMachine(10_000, report.machineDelay))
  expect(report).toMatchObject({ jobsLost: 0, lateReady: 0 })
  expect(report.tenantOffNanoUsd).toBeLessThanOrEqual(0)
})
