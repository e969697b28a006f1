import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import type { BatchOrder, BatchStore, RowRecord } from '#services/state/batches/batch-store'
import { createRedisBatchStore } from '#services/state/batches/redis-batch-store'
import type { FileStore } from '#services/state/files/file-store'
import { createRedisFileStore } from '#services/state/files/redis-file-store'
import { createMemoryBatches, createMemoryFiles } from '../support/stores/memory-batches.ts'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'

const prefix = 'b'
const quotaBytes = 1_000_000
const mostFiles = 6
const mostOpen = 2
const hourMs = 3_600_000
const dayMs = 24 * hourMs
// Redis ends keys by its own clock, so time only runs ahead of it.
const time = { aheadMs: 0 }
const clock = { now: () => Date.now() + time.aheadMs }
let server: PrivateRedis
let redis: RedisConnection

beforeAll(async () => {
  server = await startPrivateRedis()
  redis = connectRedis({ url: server.url, commandTimeoutMs: 2000 }, pino({ level: 'silent' }))
  await whenReady(redis, 5000)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})
beforeEach(async () => {
  await redis.flushall()
  time.aheadMs = 0
})

interface Stores {
  readonly files: FileStore
  readonly batches: BatchStore
}

const kinds: readonly (readonly [string, () => Stores])[] = [
  [
    'in Redis',
    () => ({
      files: createRedisFileStore({ prefix, quotaBytes, mostFiles }, redis, clock),
      batches: createRedisBatchStore({ prefix, mostOpen, keepMs: dayMs }, redis, clock),
    }),
  ],
  [
    'in memory',
    () => {
      const files = createMemoryFiles(quotaBytes, mostFiles, clock)
      return { files, batches: createMemoryBatches(mostOpen, files, clock) }
    },
  ],
]

async function upload(files: FileStore, text: string, tenant = 't', ttlMs = hourMs): Promise<string> {
  const fileId = await files.begin(tenant, hourMs)
  await files.append(tenant, fileId, Buffer.from(text))
  await files.seal(tenant, fileId, { name: 'rows.jsonl', purpose: 'batch', ttlMs })
  return fileId
}

async function textOf(files: FileStore, fileId: string, tenant = 't'): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of files.read(tenant, fileId)) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

const order = (inputFileId = 'file-1', tenant = 't'): BatchOrder => ({
  tenant,
  endpoint: '/v1/chat/completions',
  inputFileId,
  window: '24h',
  windowMs: dayMs,
  metadata: { for: 'a test' },
  constraints: { priority: 'batch', maxRisk: 0.1 },
  labels: { team: 'a' },
  outputTtlMs: hourMs,
})

const tokens = { input: 3, cached: 1, output: 2, reasoning: 1 }
const answered = (row: number): RowRecord => ({ row, line: `${row}\n`, succeeded: true, tokens, costNanoUsd: 10 })
const owner = (name = 'router') => ({ name, leaseUntil: clock.now() + 3000 })

describe('batches in Redis', () => {
  it('are taken over beside one whose record cannot be read', async () => {
    const unreadable: string[] = []
    const files = createRedisFileStore({ prefix, quotaBytes, mostFiles }, redis, clock)
    const onUnreadable = (id: string): void => void unreadable.push(id)
    const batches = createRedisBatchStore({ prefix, mostOpen, keepMs: dayMs, onUnreadable }, redis, clock)
    const ids: string[] = []
    for (const text of ['a', 'b']) ids.push((await batches.create(order(await upload(files, text)))).batchId)
    const [broken] = await redis.keys(`*:batch:${ids[0]}`)
    await redis.hset(broken!, 'order', '{"tenant":')
    const taken = await batches.takeOver(owner(), 10)
    expect(taken.map(one => one.lease.batchId)).toEqual([ids[1]])
    expect(unreadable).toEqual([expect.stringContaining(ids[0]!)])
  })
})

describe.each(kinds)('files %s', (_name, create) => {
  it('come back as they were, in pieces however large, for their tenant alone', async () => {
    const { files } = create()
    const fileId = await files.begin('t', hourMs)
    const text = Array.from({ length: 6 }, (_, index) => String(index).repeat(150_000))
    for (const piece of text) await files.append('t', fileId, Buffer.from(piece))
    expect(await files.find('t', fileId)).toBeUndefined()
    await files.seal('t', fileId, { name: 'rows.jsonl', purpose: 'batch', ttlMs: hourMs })
    expect(await files.find('t', fileId)).toMatchObject({ name: 'rows.jsonl', bytes: 900_000, purpose: 'batch' })
    expect(await textOf(files, fileId)).toBe(text.join(''))
    expect(await files.find('u', fileId)).toBeUndefined()
    await expect(textOf(files, fileId, 'u')).rejects.toMatchObject({ code: 'NotFound' })
    expect(await files.remove('u', fileId)).toBe(false)
  })

  it('are listed in pages from either end, without those that have ended', async () => {
    const { files } = create()
    const ids: string[] = []
    for (const ttlMs of [hourMs, 1000, hourMs, hourMs]) {
      ids.push(await upload(files, 'x', 't', ttlMs))
      time.aheadMs += 2
    }
    time.aheadMs += 2000
    const [first, , third, fourth] = ids
    const listed = async (query: object): Promise<readonly string[]> =>
      (await files.list('t', { limit: 10, ...query })).map(({ fileId }) => fileId)
    expect(await listed({})).toEqual([fourth, third, first])
    expect(await listed({ limit: 2 })).toEqual([fourth, third])
    expect(await listed({ after: third })).toEqual([first])
    expect(await listed({ oldestFirst: true })).toEqual([first, third, fourth])
    expect(await listed({ oldestFirst: true, after: first })).toEqual([third, fourth])
  })

  it('stay within the quota and the number of each tenant, which what is removed and what has ended leave', async () => {
    const { files } = create()
    const large = 'x'.repeat(600_000)
    const fileId = await upload(files, large)
    await expect(upload(files, large)).rejects.toMatchObject({ code: 'TooLarge' })
    await upload(files, large, 'u')
    expect(await files.remove('t', fileId)).toBe(true)
    await upload(files, large, 't', 1000)
    time.aheadMs += 2 * hourMs
    for (let count = 0; count < mostFiles; count += 1) await upload(files, 'x')
    await expect(files.begin('t', hourMs)).rejects.toMatchObject({ details: { reason: 'FILE_QUOTA' } })
  })

  it('are kept for longer, and never for less', async () => {
    const { files } = create()
    const fileId = await upload(files, 'x')
    const { endsAt = 0 } = (await files.find('t', fileId)) ?? {}
    expect(await files.keep('t', fileId, endsAt - 1000)).toBe(true)
    expect(await files.find('t', fileId)).toMatchObject({ endsAt })
    await files.keep('t', fileId, endsAt + dayMs)
    time.aheadMs += 2 * hourMs
    expect(await files.find('t', fileId)).toMatchObject({ endsAt: endsAt + dayMs })
    expect(await files.keep('t', 'file-none', endsAt)).toBe(false)
  })
})

it('a file that is removed leaves no key in Redis', async () => {
  const files = createRedisFileStore({ prefix, quotaBytes, mostFiles }, redis, clock)
  const before = await upload(files, 'x'.repeat(700_000))
  await files.remove('t', before)
  expect((await redis.keys('*')).filter(key => key.includes(before))).toEqual([])
  expect(await redis.get((await redis.keys('*:bytes'))[0] ?? '')).toBe('0')
})

describe.each(kinds)('batches %s', (_name, create) => {
  it('are driven by one router at a time, and fenced from the one before', async () => {
    const { batches } = create()
    const { batchId } = await batches.create(order())
    const [first] = await batches.takeOver(owner('one'), 5)
    expect(first?.batch).toMatchObject({ ...order(), batchId, status: 'validating' })
    expect(await batches.takeOver(owner('two'), 5)).toEqual([])
    if (first === undefined) throw new Error('it was not taken')
    expect(await batches.begin(first.lease, 2)).toBe(true)
    expect(await batches.record(first.lease, [answered(0)])).toBe(true)
    time.aheadMs += 4000
    // Redis' own clock has the last word on a lease, so it is let go of.
    await batches.release(first.lease)
    const [second] = await batches.takeOver(owner('two'), 5)
    if (second === undefined) throw new Error('it was not taken over')
    expect([second.isDone(0), second.isDone(1), second.batch.status]).toEqual([true, false, 'in_progress'])
    expect(await batches.record(first.lease, [answered(1)])).toBe(false)
    expect(await batches.renew(first.lease, 0)).toBeUndefined()
    expect(await batches.finish(first.lease, { status: 'completed' })).toBe(false)
    expect(await batches.renew(second.lease, clock.now() + 3000)).toBe('in_progress')
  })

  it('write each row once, and show what came of them at their end', async () => {
    const { batches, files } = create()
    const { batchId } = await batches.create(order())
    const [taken] = await batches.takeOver(owner(), 5)
    if (taken === undefined) throw new Error('it was not taken')
    await batches.begin(taken.lease, 3)
    const failed = { ...answered(2), succeeded: false }
    await batches.record(taken.lease, [answered(0), answered(1)])
    await batches.record(taken.lease, [answered(1), answered(0), failed])
    expect(await batches.find('t', batchId)).not.toHaveProperty('outputFileId')
    expect(await batches.finish(taken.lease, { status: 'completed' })).toBe(true)
    const batch = await batches.find('t', batchId)
    expect(batch).toMatchObject({
      status: 'completed',
      rows: { total: 3, completed: 2, failed: 1 },
      tokens: { input: 9, cached: 3, output: 6, reasoning: 3 },
      costNanoUsd: 30,
    })
    expect(Object.keys(batch?.reachedAt ?? {})).toEqual(expect.arrayContaining(['in_progress', 'completed']))
    expect(await textOf(files, batch?.outputFileId ?? '')).toBe('0\n1\n')
    expect(await textOf(files, batch?.errorFileId ?? '')).toBe('2\n')
    expect(await files.find('t', batch?.outputFileId ?? '')).toMatchObject({ purpose: 'batch_output' })
    expect(await batches.takeOver({ name: 'other', leaseUntil: clock.now() }, 5)).toEqual([])
  })

  it('that come to nothing leave no file', async () => {
    const { batches, files } = create()
    const { batchId } = await batches.create(order())
    const [taken] = await batches.takeOver(owner(), 5)
    if (taken === undefined) throw new Error('it was not taken')
    await batches.finish(taken.lease, { status: 'failed', faults: [{ code: 'empty_file', message: 'none' }] })
    expect(await batches.find('t', batchId)).toMatchObject({ status: 'failed', faults: [{ code: 'empty_file' }] })
    expect(await files.list('t', { limit: 10 })).toEqual([])
  })

  it('are cancelled while they are under way, and only by their tenant', async () => {
    const { batches } = create()
    const { batchId } = await batches.create(order())
    const [taken] = await batches.takeOver(owner(), 5)
    if (taken === undefined) throw new Error('it was not taken')
    expect(await batches.cancel('u', batchId)).toBeUndefined()
    expect(await batches.cancel('t', batchId)).toMatchObject({ status: 'cancelling' })
    expect(await batches.begin(taken.lease, 3)).toBe(false)
    expect(await batches.renew(taken.lease, clock.now() + 3000)).toBe('cancelling')
    await batches.finish(taken.lease, { status: 'cancelled', unrecordedNanoUsd: 7 })
    expect(await batches.cancel('t', batchId)).toMatchObject({ status: 'cancelled', costNanoUsd: 7 })
  })

  it('are so many at once, listed newest first, and one for each key', async () => {
    const { batches } = create()
    const first = await batches.create(order(), 'key')
    time.aheadMs += 2
    expect((await batches.create(order(), 'key')).batchId).toBe(first.batchId)
    await expect(batches.create(order('file-2'), 'key')).rejects.toMatchObject({ code: 'AlreadyExists' })
    const second = await batches.create(order())
    await expect(batches.create(order())).rejects.toMatchObject({ code: 'RateLimited' })
    const ids = (await batches.list('t', { limit: 5 })).map(({ batchId }) => batchId)
    expect(ids).toEqual([second.batchId, first.batchId])
    expect((await batches.list('t', { limit: 5, after: second.batchId })).map(({ batchId }) => batchId)).toEqual([
      first.batchId,
    ])
    expect(await batches.list('u', { limit: 5 })).toEqual([])
  })
})
