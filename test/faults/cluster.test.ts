import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { startRedisCluster, type RedisCluster } from '../support/faults/redis/redis-cluster.ts'
import type { RedisServer } from '../support/faults/redis/redis-servers.ts'
import { onThisMachine } from '../support/faults/machine-delay.ts'
import { playFault } from '../support/faults/play-fault.ts'
import { show } from '../support/faults/report.ts'

let cluster: RedisCluster
afterEach(() => cluster.stop())

/** Longest from a fault's end to the last call that it fails. */
const recoveryMs = 10_000

const signalAll = (servers: readonly RedisServer[], signal: NodeJS.Signals): void => {
  for (const server of servers) server.signal(signal)
}

it.each([
  ['one of three masters hangs for 10 s', 1],
  ['two of three masters hang for 10 s', 2],
])('Redis Cluster: %s', async (name, count) => {
  cluster = await startRedisCluster()
  const report = await playFault({
    deployment: { redisUrl: cluster.url },
    afterMs: 15_000,
    async fault() {
      const hanging = cluster.nodes.slice(0, count)
      signalAll(hanging, 'SIGSTOP')
      await sleep(10_000)
      signalAll(hanging, 'SIGCONT')
      while (!(await cluster.isWell())) await sleep(50)
    },
  })
  show(`cluster, ${name}`, report)
  expect(report.recoveryMs).toBeLessThan(onThisMachine(recoveryMs, report.machineDelay))
  expect(report).toMatchObject({ jobsLost: 0, readyLies: 0, lateReady: 0 })
})

it('Redis Cluster: a master is killed and its replica takes its place', async () => {
  cluster = await startRedisCluster({ replicas: 1 })
  const report = await playFault({
    deployment: { redisUrl: cluster.url },
    afterMs: 20_000,
    async fault() {
      cluster.nodes[0]?.signal('SIGKILL')
      await sleep(100)
    },
  })
  show('cluster, a master is killed', report)
  expect(report.outageMs).toBeLessThan(onThisMachine(recoveryMs, report.machineDelay))
  expect(report).toMatchObject({ jobsLost: 0, lateReady: 0 })
})
