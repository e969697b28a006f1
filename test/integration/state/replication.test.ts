import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkRedis } from '#services/platform/redis/check-redis'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { openReplication, type Replication } from '#services/platform/redis/replication'
import { createGeneration } from '#services/state/ledger/generation'
import type { LedgerMemory, Remembered } from '#services/state/ledger/memory-file'
import { makeFolder, startRedisServer, type RedisServer } from '../../support/faults/redis/redis-servers.ts'

const key = 'accepted'
let folder: ReturnType<typeof makeFolder>
let master: RedisServer
let replica: RedisServer
let redis: RedisConnection
let replication: Replication
let lines: string[] = []
const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })

beforeAll(async () => {
  folder = makeFolder('replication')
  ;[master, replica] = await Promise.all([
    startRedisServer({ folder: folder.path, settings: { 'repl-timeout': 60 } }),
    startRedisServer({ folder: folder.path }),
  ])
})
afterAll(async () => {
  await Promise.all([master?.stop(), replica?.stop()])
  folder?.remove()
})
beforeEach(async () => {
  redis = connectRedis({ url: `redis://127.0.0.1:${master.port}`, commandTimeoutMs: 1000 }, logger)
  await whenReady(redis, 5000)
  replication = openReplication({ prefix: 'r', waitMs: 300 }, redis, logger)
  await redis.set(key, '1')
  lines = []
})
afterEach(() => {
  replication.close()
  redis.disconnect()
})

async function follow(): Promise<void> {
  await replica.control.call('REPLICAOF', '127.0.0.1', String(master.port))
  while (!/slave0:.*state=online/u.test(await master.control.info('replication'))) await pause()
  // One that has not seen the server without replicas.
  replication.close()
  replication = openReplication({ prefix: 'r', waitMs: 300 }, redis, logger)
}
async function part(): Promise<void> {
  await replica.control.call('REPLICAOF', 'NO', 'ONE')
  while (!/connected_slaves:0/u.test(await master.control.info('replication'))) await pause()
}
const pause = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 20))
const confirmed = async (): Promise<string> => {
  for (;;) {
    const found = await replication.confirm(key).then(
      () => 'safe',
      (error: { details?: { reason?: string } }) => error.details?.reason ?? 'a bug',
    )
    // Its connection may be about to be made.
    if (found !== 'STORE_AWAY') return found
    await pause()
  }
}

describe('a write that somebody is told of', () => {
  it('is safe at once where there is no replica', async () => {
    expect(await confirmed()).toBe('safe')
  })

  it('is on a replica when it is safe, each of many', async () => {
    await follow()
    while ((await confirmed()) !== 'safe') await pause()
    const names = Array.from({ length: 50 }, (_, index) => `job-${index}`)
    await Promise.all(names.map(name => redis.set(name, '1').then(() => replication.confirm(name))))
    expect(await replica.control.exists(...names)).toBe(50)
    await part()
  })

  it('is not safe while the replica hangs, and is again when it does not', async () => {
    await follow()
    while ((await confirmed()) !== 'safe') await pause()
    replica.signal('SIGSTOP')
    expect(await confirmed()).toBe('STORE_NOT_REPLICATED')
    replica.signal('SIGCONT')
    while ((await confirmed()) !== 'safe') await pause()
    await part()
  })

  it('is accepted without a replica that has been silent for long, unless the server demands one', async () => {
    await follow()
    while ((await confirmed()) !== 'safe') await pause()
    replica.signal('SIGSTOP')
    while ((await confirmed()) !== 'safe') await pause()
    expect(lines.join()).toContain('jobs are accepted without one')
    await master.control.config('SET', 'min-replicas-to-write', '1')
    await new Promise(resolve => setTimeout(resolve, 1100))
    // The server itself refuses by now, or no replica has it.
    expect(await confirmed()).toMatch(/^STORE_NO/u)
    await master.control.config('SET', 'min-replicas-to-write', '0')
    replica.signal('SIGCONT')
    await part()
  })

  it('is not safe when it is gone, as after a promotion', async () => {
    await confirmed()
    await expect(replication.confirm('never-written')).rejects.toMatchObject({
      code: 'Overloaded',
      details: { reason: 'STORE_NOT_REPLICATED' },
    })
  })
})

describe('a server with replicas that writes without them', () => {
  it('is warned of at the start', async () => {
    await follow()
    await checkRedis(redis, logger)
    expect(lines.join()).toContain('min-replicas-to-write 1')
    lines = []
    await master.control.config('SET', 'min-replicas-to-write', '1')
    await checkRedis(redis, logger)
    expect(lines.join()).not.toContain('min-replicas-to-write 1')
    await master.control.config('SET', 'min-replicas-to-write', '0')
    await part()
  })
})

describe('a master whose place was taken', () => {
  it('is left by a router that knows the one after it, and by none that does not', async () => {
    await follow()
    const memory = memoryOf()
    const options = { prefix: 'r', keepCounterMs: 60_000, onEmpty: 'start' } as const
    const before = await createGeneration(options, redis, memory, logger)
    await before.refresh()
    expect(before.mark).toMatch(/^[0-9a-f]{16} 1$/u)
    while ((await replica.control.hget('r:{money}:generation', 'reign')) !== '1') await pause()
    // The replica is promoted while the master hangs, or is cut off, and nobody tells it.
    await replica.control.call('REPLICAOF', 'NO', 'ONE')
    const promoted = connectRedis({ url: `redis://127.0.0.1:${replica.port}`, commandTimeoutMs: 1000 }, logger)
    await whenReady(promoted, 5000)
    const after = await createGeneration(options, promoted, memory, logger)
    await after.refresh()
    expect(after.mark).toBe(before.mark.replace(/1$/u, '2'))
    expect(after.isOpen).toBe(true)

    const back = await createGeneration(options, redis, memory, logger)
    const again = new Promise<void>(resolve => redis.once('connecting', () => resolve()))
    await expect(back.refresh()).rejects.toMatchObject({ code: 'Overloaded', details: { reason: 'STORE_STALE' } })
    expect(back.isOpen).toBe(false)
    await again
    await whenReady(redis, 5000)
    // A router that has not met the new one cannot know: that is what min-replicas-to-write is for.
    await before.refresh()
    expect(before.isOpen).toBe(true)
    promoted.disconnect()
  })
})

function memoryOf(): LedgerMemory {
  let last: Remembered | undefined
  return {
    read: () => Promise.resolve(last),
    write: seen => Promise.resolve(void (last = structuredClone(seen))),
  }
}
