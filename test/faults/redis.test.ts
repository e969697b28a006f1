import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { onThisMachine } from '../support/faults/machine-delay.ts'
import { playFault } from '../support/faults/play-fault.ts'
import { makeFolder, startRedisServer, type RedisServer } from '../support/faults/redis/redis-servers.ts'
import { show } from '../support/faults/report.ts'
import { openTcpProxy } from '../support/stores/tcp-proxy.ts'

let folder: ReturnType<typeof makeFolder>
let server: RedisServer
beforeEach(async () => {
  folder = makeFolder('one')
  server = await startRedisServer({
    folder: folder.path,
    settings: { appendonly: 'yes', appendfsync: 'always' },
  })
})
afterEach(async () => {
  await server.stop()
  folder.remove()
})

const recoveryMs = 10_000
const url = (): string => `redis://127.0.0.1:${server.port}`
const faultMs = 8000

it.each([
  [
    'hangs for 8 s',
    async () => {
      server.signal('SIGSTOP')
      await sleep(faultMs)
      server.signal('SIGCONT')
    },
  ],
  [
    'is killed and started 3 s later',
    async () => {
      server.signal('SIGKILL')
      await sleep(3000)
      await server.restart()
    },
  ],
  [
    'is full for 8 s',
    async () => {
      await server.control.config('SET', 'maxmemory', '1mb')
      await sleep(faultMs)
      await server.control.config('SET', 'maxmemory', '0')
    },
  ],
  [
    'runs a script for 6 s',
    async () => {
      const looping = server.control.duplicate()
      // Its own time-out is no news.
      looping.on('error', () => undefined)
      void looping.eval('while true do end', 0).catch(() => looping.disconnect())
      await sleep(6000)
      await server.control.call('SCRIPT', 'KILL').catch(() => 0)
    },
  ],
] as const)('Redis %s', async (name, fault) => {
  const report = await playFault({
    deployment: { redisUrl: url() },
    afterMs: 15_000,
    fault,
    books: () => server.control,
  })
  show(`Redis ${name}`, report)
  expect(report.recoveryMs).toBeLessThan(onThisMachine(recoveryMs, report.machineDelay))
  expect(report).toMatchObject({ jobsLost: 0, readyLies: 0, lateReady: 0 })
  // A leg that left no receipt is the deployment's.
  expect(report.tenantOffNanoUsd).toBeLessThanOrEqual(0)
})

it('Redis cannot be reached for 8 s: what is sent to it and what it says is lost on the way', async () => {
  const proxy = await openTcpProxy({ port: server.port, host: server.host })
  const report = await playFault({
    deployment: { redisUrl: `redis://127.0.0.1:${proxy.port}` },
    afterMs: 15_000,
    books: () => server.control,
    async fault() {
      proxy.cut(true)
      await sleep(faultMs)
      proxy.cut(false)
    },
  })
  await proxy.close()
  show('Redis cannot be reached for 8 s', report)
  expect(report.recoveryMs).toBeLessThan(onThisMachine(recoveryMs, report.machineDelay))
  expect(report).toMatchObject({ jobsLost: 0, readyLies: 0, lateReady: 0 })
  // A leg that left no receipt is the deployment's.
  expect(report.tenantOffNanoUsd).toBeLessThanOrEqual(0)
})
