import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { onThisMachine } from '../support/faults/machine-delay.ts'
import { playFault } from '../support/faults/play-fault.ts'
import { startSentinelSet, type SentinelSet } from '../support/faults/redis/redis-sentinel.ts'
import { show } from '../support/faults/report.ts'

let set: SentinelSet
afterEach(() => set.stop())

/** Waits for another master than the one at `port`. */
async function promotion(port: number): Promise<void> {
  while ([0, port].includes(await set.masterPort())) await sleep(50)
}

const books = async () => {
  const port = await set.masterPort()
  const found = [set.master, ...set.replicas].find(server => server.port === port)
  if (found === undefined) throw new Error('there is no master')
  return found.control
}

const safe = { 'min-replicas-to-write': 1, 'min-replicas-max-lag': 2, 'repl-ping-replica-period': 1 }

it.each([
  ['a master hangs, another is promoted, it wakes', 'SIGSTOP', {}],
  ['a master hangs and wakes, min-replicas-to-write 1', 'SIGSTOP', safe],
  ['a master is killed, min-replicas-to-write 1', 'SIGKILL', safe],
] as const)('Sentinel: %s', async (name, signal, settings) => {
  const replicas = settings === safe ? 2 : 1
  set = await startSentinelSet({ replicas, settings, downAfterMs: 2000 })
  const before = await set.masterPort()
  const report = await playFault({
    deployment: { redisUrl: set.url },
    afterMs: 20_000,
    books,
    async fault() {
      set.master.signal(signal)
      await promotion(before)
      if (signal === 'SIGKILL') return
      await sleep(8000)
      set.master.signal('SIGCONT')
    },
  })
  show(`sentinel, ${name}`, report)
  expect(report.outageMs).toBeLessThan(onThisMachine(12_000, report.machineDelay))
  expect(report).toMatchObject({ jobsLost: 0, readyLies: 0, lateReady: 0 })
})
