import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { onThisMachine } from '../support/faults/machine-delay.ts'
import { playFault } from '../support/faults/play-fault.ts'
import { makeFolder, startRedisServer, type RedisServer } from '../support/faults/redis/redis-servers.ts'
import { show } from '../support/faults/report.ts'

let folder: ReturnType<typeof makeFolder>
let server: RedisServer
beforeEach(() => {
  folder = makeFolder('one')
})
afterEach(async () => {
  await server?.stop()
  folder.remove()
})

const faultMs = 8000

async function play(name: string, fault: () => Promise<void>, environment = {}): Promise<Record<string, number>> {
  const report = await playFault({
    deployment: {
      redisUrl: `redis://127.0.0.1:${server.port}`,
      budgets: { tenantRequestsPerMinute: 6000 },
      environment,
    },
    load: { streamsPerSecond: 4, streamMs: 1000 },
    afterMs: 14_000,
    books: () => server.control,
    fault,
  })
  show(name, report)
  expect(report.recoveryMs).toBeLessThan(onThisMachine(10_000, report.machineDelay))
  expect(report).toMatchObject({ readyLies: 0, lateReady: 0 })
  expect(report.tenantOffNanoUsd).toBeLessThanOrEqual(0)
  return { jobsLost: report.jobsLost }
}

it.each(['WRITE', 'ALL'])('Redis pauses clients for 8 s (CLIENT PAUSE, %s)', async mode => {
  server = await startRedisServer({ folder: folder.path })
  const { jobsLost } = await play(`CLIENT PAUSE 8000 ${mode}`, async () => {
    await server.control.call('CLIENT', 'PAUSE', String(faultMs), mode)
    await sleep(faultMs)
  })
  expect(jobsLost).toBe(0)
})

it('Redis forgets its scripts and closes every connection, three times a second', async () => {
  server = await startRedisServer({ folder: folder.path })
  const { jobsLost } = await play('SCRIPT FLUSH and CLIENT KILL for 8 s', async () => {
    for (let turn = 0; turn < faultMs / 300; turn += 1) {
      await server.control.call('SCRIPT', 'FLUSH')
      await server.control.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await sleep(300)
    }
  })
  expect(jobsLost).toBe(0)
})

it('the disk of Redis is full for 8 s while it rewrites its append-only file', async ({ skip }) => {
  const disk = join(folder.path, 'disk')
  mkdirSync(disk)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk]).status !== 0) skip('no disk can be mounted')
  try {
    const settings = { appendonly: 'yes', 'auto-aof-rewrite-percentage': 1, 'auto-aof-rewrite-min-size': '64kb' }
    server = await startRedisServer({ folder: disk, settings })
    const { jobsLost } = await play('its disk is full for 8 s while it rewrites', async () => {
      await server.control.bgrewriteaof()
      try {
        writeFileSync(join(disk, 'filler'), Buffer.alloc(64_000_000))
      } catch {
        // The disk is full, as it should be.
      }
      await sleep(faultMs)
      writeFileSync(join(disk, 'filler'), '')
    })
    expect(jobsLost).toBe(0)
  } finally {
    await server?.stop()
    spawnSync('umount', ['-l', disk])
  }
})

const hasCompiler = spawnSync('cc', ['--version']).status === 0

it.skipIf(!hasCompiler).each([3600, -3600, -5])("the machine's clock steps by %i s and back", async seconds => {
  const library = join(folder.path, 'step.so')
  const source = 'test/support/faults/stepped-clock.c'
  expect(spawnSync('cc', ['-shared', '-fPIC', '-o', library, source]).status).toBe(0)
  const file = join(folder.path, 'step')
  const step = (by: number, flag: 'w' | 'r+' = 'r+'): void => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(by))
    writeFileSync(file, bytes, { flag })
  }
  step(0, 'w')
  const environment = { LD_PRELOAD: library, STEP_FILE: file }
  const within = ['env', ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)]
  server = await startRedisServer({ folder: folder.path, within })
  const fault = async (): Promise<void> => {
    const [before] = await server.control.time()
    step(seconds)
    const [after] = await server.control.time()
    expect(Math.abs(Number(after) - Number(before) - seconds)).toBeLessThan(5)
    await sleep(faultMs)
    step(0)
  }
  const { jobsLost } = await play(`the clock of the machine steps by ${seconds} s and back`, fault, environment)
  // Jobs have ten minutes, which an hour's step ends for those that are at work then.
  expect(Math.abs(seconds) < 600 ? jobsLost : 0).toBe(0)
})
