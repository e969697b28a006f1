import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { playFault } from '../../support/faults/play-fault.ts'
import { startSentinelSet, type SentinelSet } from '../../support/faults/redis/redis-sentinel.ts'

const hasServer = spawnSync('redis-server', ['--version']).status === 0
let set: SentinelSet | undefined

// The long form, with figures, is among `npm run test:faults`.
describe.skipIf(!hasServer)('Redis with Sentinels (skipped without redis-server on PATH)', () => {
  afterEach(() => set?.stop())

  it('loses no accepted job when a master hangs, another is promoted, and the first wakes', async () => {
    const settings = { 'min-replicas-to-write': 1, 'min-replicas-max-lag': 2, 'repl-ping-replica-period': 1 }
    set = await startSentinelSet({ replicas: 2, settings, downAfterMs: 1000 })
    const here = set
    const before = await here.masterPort()
    const report = await playFault({
      deployment: { redisUrl: here.url, routers: 1, workers: 1 },
      load: { callsPerSecond: 5, jobsPerSecond: 3 },
      beforeMs: 1000,
      afterMs: 5000,
      async fault() {
        here.master.signal('SIGSTOP')
        while ([0, before].includes(await here.masterPort())) await sleep(50)
        await sleep(2000)
        here.master.signal('SIGCONT')
      },
    })
    expect(report.jobsAccepted).toBeGreaterThan(0)
    expect(report).toMatchObject({ jobsLost: 0, readyLies: 0 })
    expect(report.recoveryMs).toBeLessThan(5000)
  }, 120_000)
})
