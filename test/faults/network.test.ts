import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { onThisMachine } from '../support/faults/machine-delay.ts'
import { playFault } from '../support/faults/play-fault.ts'
import { startSentinelSet, type SentinelSet } from '../support/faults/redis/redis-sentinel.ts'
import { show } from '../support/faults/report.ts'

const space = 'sluice-faults'
const near = '10.213.77.1'
const far = '10.213.77.2'

const ip = (command: string): boolean => spawnSync('ip', command.split(' '), { stdio: 'ignore' }).status === 0

/** Drops, or lets through again, every packet to and from the lost host. */
function dropAll(how: '-A' | '-D'): void {
  for (const chain of ['INPUT', 'OUTPUT']) ip(`netns exec ${space} iptables ${how} ${chain} -j DROP`)
}

/** Whether this machine lets us have networks of our own. */
const mayMakeNetworks =
  spawnSync('iptables', ['--version']).status === 0 && ip(`netns add ${space}-probe`) && ip(`netns del ${space}-probe`)

describe.skipIf(!mayMakeNetworks)('a host that is lost (skipped where no network namespace can be made)', () => {
  let set: SentinelSet | undefined
  beforeEach(() => {
    ip(`netns del ${space}`)
    for (const command of [
      `netns add ${space}`,
      `link add sluice0 type veth peer name sluice1 netns ${space}`,
      `addr add ${near}/30 dev sluice0`,
      'link set sluice0 up',
      `-n ${space} addr add ${far}/30 dev sluice1`,
      `-n ${space} link set sluice1 up`,
      `-n ${space} link set lo up`,
    ]) {
      if (!ip(command)) throw new Error(`ip ${command} failed`)
    }
  })
  afterEach(async () => {
    await set?.stop()
    ip(`netns del ${space}`)
  })

  it('takes the master with it, without a word, and comes back', async () => {
    const settings = { 'min-replicas-to-write': 1, 'min-replicas-max-lag': 2, 'repl-ping-replica-period': 1 }
    const master = { host: far, within: ['ip', 'netns', 'exec', space] }
    set = await startSentinelSet({ replicas: 2, settings, downAfterMs: 2000, host: near, master })
    const here = set
    const before = await here.masterPort()
    const report = await playFault({
      deployment: { redisUrl: here.url },
      afterMs: 20_000,
      async fault() {
        dropAll('-A')
        while ([0, before].includes(await here.masterPort())) await sleep(50)
        await sleep(8000)
        dropAll('-D')
      },
      async books() {
        const port = await here.masterPort()
        const found = [here.master, ...here.replicas].find(server => server.port === port)
        if (found === undefined) throw new Error('there is no master')
        return found.control
      },
    })
    show('the host of the master is lost, another is promoted, it comes back', report)
    expect(report.outageMs).toBeLessThan(onThisMachine(14_000, report.machineDelay))
    expect(report).toMatchObject({ jobsLost: 0, readyLies: 0, lateReady: 0 })
  })
})
