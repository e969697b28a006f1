import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { createRedisIndexStore } from '#services/state/index/exact/redis-index-store'
import type { IndexDocument, IndexSpec, IndexStore, Metadata } from '#services/state/index/index-store'
import { createPgvectorIndexStore } from '#services/state/index/pgvector/pgvector-index-store'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../support/stores/embedded-postgres.ts'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'

const orderMs = 3_600_000
const time = { aheadMs: 0 }
const clock = { now: () => Date.now() + time.aheadMs }
let server: PrivateRedis
let redis: RedisConnection
let postgres: EmbeddedPostgres

beforeAll(async () => {
  ;[server, postgres] = await Promise.all([startPrivateRedis(), startEmbeddedPostgres()])
  redis = connectRedis({ url: server.url, commandTimeoutMs: 2000 }, pino({ level: 'silent' }))
  await whenReady(redis, 5000)
})
afterAll(async () => {
  redis.disconnect()
  await postgres.stop()
  await server.stop()
})
beforeEach(async () => {
  await redis.flushall()
  await postgres.clear()
  time.aheadMs = 0
})

const limits = { mostIndexes: 2, mostChunks: 6 }
/** Each opens one more store over the same data, as another router would. */
const engines: readonly (readonly [string, () => Promise<IndexStore>])[] = [
  [
    'in Postgres',
    () => createPgvectorIndexStore({ url: postgres.url, connections: 2, timeoutMs: 5000, ...limits, orderMs }, clock),
  ],
  [
    'exact, in Redis',
    async () => createRedisIndexStore({ prefix: 't', ...limits, memoryBytes: 1e8, orderMs }, redis, clock),
  ],
]

const spec = (name = 'notes', tenant = 'ada'): IndexSpec => ({
  tenant,
  name,
  model: 'm',
  space: 's',
  dimensions: 3,
  chunkCharacters: 800,
})
const near = (x: number, y: number, z: number): Float32Array => Float32Array.of(x, y, z)

function document(documentId: string, text: string, vector: Float32Array, metadata: Metadata = {}): IndexDocument {
  return { documentId, metadata, chunks: [{ text, vector }], orderedAt: clock.now() + 1 }
}
const ask = { conditions: [], limit: 10 } as const
const east = near(1, 0, 0)

describe.each(engines)('an index %s', (_kind, open) => {
  const idsOf = async (store: IndexStore, query: object, tenant = 'ada'): Promise<readonly string[]> =>
    (await store.search(tenant, 'notes', { ...ask, ...query })).map(({ documentId }) => documentId)

  it('finds chunks by vectors, by words, and by both joined', async () => {
    const store = await open()
    await store.create(spec())
    await store.put('ada', 'notes', document('ships', 'The ferry leaves at nine.', near(0.9, 0.1, 0)))
    await store.put('ada', 'notes', document('trains', 'The train to Bergen is late.', near(0.1, 0.9, 0)))
    await store.put('ada', 'notes', document('planes', 'No plane flies from Bergen today.', near(0, 0.1, 0.9)))
    expect(await idsOf(store, { vector: east })).toEqual(['ships', 'trains', 'planes'])
    expect(await idsOf(store, { text: 'BERGEN, late?' })).toEqual(['trains', 'planes'])
    const [first, ...rest] = await store.search('ada', 'notes', {
      ...ask,
      vector: near(0, 1, 0.2),
      text: 'Bergen late',
    })
    expect(first).toMatchObject({ documentId: 'trains', chunk: 0, text: 'The train to Bergen is late.', metadata: {} })
    expect(first?.similarity).toBeCloseTo(0.9 / Math.sqrt((0.01 + 0.81) * 1.04), 4)
    expect(first?.wordScore).toBeGreaterThan(0)
    expect(rest.at(-1)?.wordScore).toBeUndefined()
    await store.close()
  })

  it('filters by metadata before it takes the best', async () => {
    const store = await open()
    await store.create(spec())
    await store.put('ada', 'notes', document('a', 'one', east, { year: 2019, kind: 'memo' }))
    await store.put('ada', 'notes', document('b', 'two', near(1, 0.1, 0), { year: 2024, kind: 'memo' }))
    await store.put('ada', 'notes', document('c', 'three', near(0, 1, 0), { year: 2024, draft: true }))
    const by = (...conditions: readonly object[]) => idsOf(store, { vector: east, limit: 1, conditions })
    expect(await by()).toEqual(['a'])
    expect(await by({ field: 'year', atLeast: 2020 })).toEqual(['b'])
    expect(await by({ field: 'draft', anyOf: [true] })).toEqual(['c'])
    expect(await by({ field: 'kind', noneOf: ['memo'] })).toEqual(['c'])
    expect(await by({ field: 'year', atMost: 2024, atLeast: 2024 }, { field: 'kind', anyOf: ['memo'] })).toEqual(['b'])
    expect(await by({ field: 'kind', anyOf: ['__proto__', 'constructor'] })).toEqual([])
    await store.close()
  })

  it('puts a document in the place of the one with its id, and tells how much it holds', async () => {
    const [one, other] = [await open(), await open()]
    await one.create(spec())
    await one.put('ada', 'notes', document('a', 'old words', east))
    expect(await idsOf(other, { text: 'old' })).toEqual(['a'])
    const long: IndexDocument = {
      ...document('a', '', east),
      chunks: [
        { text: 'new words', vector: east },
        { text: 'more of them', locator: { page: 2 }, vector: near(0, 1, 0) },
      ],
    }
    await one.put('ada', 'notes', long)
    expect(await idsOf(other, { text: 'old' })).toEqual([])
    expect(await other.find('ada', 'notes')).toMatchObject({ documents: 1, chunks: 2, dimensions: 3, model: 'm' })
    expect((await other.search('ada', 'notes', { ...ask, vector: near(0, 1, 0) }))[0]).toMatchObject({
      chunk: 1,
      locator: { page: 2 },
    })
    expect((await other.search('ada', 'notes', { ...ask, vector: east }))[0]).not.toHaveProperty('locator')
    await Promise.all([one.close(), other.close()])
  })

  it('finds a removed document nowhere, on no router, from the moment that it says so', async () => {
    const [one, other] = [await open(), await open()]
    await one.create(spec())
    await one.put('ada', 'notes', document('a', 'the secret', east))
    await one.put('ada', 'notes', document('b', 'the rest', near(0, 1, 0)))
    expect(await idsOf(other, { vector: east, text: 'secret' })).toEqual(['a', 'b'])
    expect(await one.remove('ada', 'notes', ['a', 'unknown'])).toBe(1)
    for (const store of [one, other, await open()]) {
      expect(await idsOf(store, { vector: east, text: 'secret' })).toEqual(['b'])
    }
    expect(await one.find('ada', 'notes')).toMatchObject({ documents: 1, chunks: 1 })
    await Promise.all([one.close(), other.close()])
  })

  it('keeps a document away that was ordered before it was removed, and takes a later one', async () => {
    const store = await open()
    await store.create(spec())
    const onItsWay = document('a', 'late', east)
    time.aheadMs = 1000
    expect(await store.remove('ada', 'notes', ['a'])).toBe(0)
    expect(await store.put('ada', 'notes', onItsWay)).toBe(false)
    expect(await idsOf(store, { vector: east })).toEqual([])
    time.aheadMs = 2000
    expect(await store.put('ada', 'notes', document('a', 'again', east))).toBe(true)
    expect(await idsOf(store, { vector: east })).toEqual(['a'])
    await store.close()
  })

  it('keeps the document that was ordered last, whichever comes first', async () => {
    const store = await open()
    await store.create(spec())
    const first = document('a', 'first order', east)
    const second = { ...document('a', 'second order', near(0, 1, 0)), orderedAt: first.orderedAt + 5 }
    expect(await store.put('ada', 'notes', second)).toBe(true)
    expect(await store.put('ada', 'notes', first)).toBe(false)
    expect((await store.search('ada', 'notes', { ...ask, text: 'order' })).map(({ text }) => text)).toEqual([
      'second order',
    ])
    // A row of a job that runs twice.
    expect(await store.put('ada', 'notes', second)).toBe(true)
    expect(await store.find('ada', 'notes')).toMatchObject({ documents: 1, chunks: 1 })
    await store.close()
  })

  it('takes conditions as values, whatever they say', async () => {
    const store = await open()
    await store.create(spec())
    const field = "x' = '' OR true) --"
    await store.put('ada', 'notes', document('a', 'one', east, { [field]: "'; DROP TABLE sluice_indexes; --" }))
    await store.put('ada', 'notes', document('b', 'two', east))
    const by = (...conditions: readonly object[]) => idsOf(store, { vector: east, conditions })
    expect(await by({ field, anyOf: ["'; DROP TABLE sluice_indexes; --"] })).toEqual(['a'])
    expect(await by({ field, anyOf: ["' OR '1'='1"] })).toEqual([])
    expect(await by({ field: "'] IS NULL) OR (true", atLeast: 0 })).toEqual([])
    expect(await idsOf(store, { text: "two' | !'one" })).toContain('b')
    expect((await store.list('ada')).map(({ name }) => name)).toEqual(['notes'])
    await store.close()
  })

  it('is read whole by a router that was away for longer than removals are remembered', async () => {
    const [one, other] = [await open(), await open()]
    await one.create(spec())
    await one.put('ada', 'notes', document('a', 'first', east))
    await one.put('ada', 'notes', document('b', 'second', near(0, 1, 0)))
    expect(await idsOf(other, { vector: east })).toEqual(['a', 'b'])
    await one.remove('ada', 'notes', ['a'])
    time.aheadMs = 2 * orderMs
    await one.remove('ada', 'notes', ['c'])
    expect(await idsOf(other, { vector: east })).toEqual(['b'])
    expect(await idsOf(await open(), { vector: east })).toEqual(['b'])
    await Promise.all([one.close(), other.close()])
  })

  it('keeps tenants apart, and an index apart from one of its name before', async () => {
    const store = await open()
    await store.create(spec())
    await store.put('ada', 'notes', document('a', 'of ada', east))
    const tenants = ['bob', 'ad', 'ada}', '{ada}', 'ada:index:notes', '']
    for (const tenant of tenants) {
      await expect(store.search(tenant, 'notes', { ...ask, vector: east })).rejects.toMatchObject({ code: 'NotFound' })
      await expect(store.remove(tenant, 'notes', ['a'])).rejects.toMatchObject({ code: 'NotFound' })
      expect(await store.drop(tenant, 'notes')).toBe(false)
      expect(await store.list(tenant)).toEqual([])
    }
    await store.create(spec('notes', 'bob'))
    expect(await idsOf(store, { vector: east, text: 'ada' }, 'bob')).toEqual([])
    expect(await idsOf(store, { vector: east })).toEqual(['a'])
    const before = document('x', 'of before', east)
    time.aheadMs = 1000
    expect(await store.drop('ada', 'notes')).toBe(true)
    await expect(store.search('ada', 'notes', { ...ask, vector: east })).rejects.toMatchObject({ code: 'NotFound' })
    await store.create(spec())
    expect(await store.put('ada', 'notes', before)).toBe(false)
    expect(await idsOf(store, { vector: east })).toEqual([])
    await store.close()
  })

  it('takes so many indexes of a tenant, of one name once, and so many chunks', async () => {
    const store = await open()
    await store.create(spec())
    await expect(store.create(spec())).rejects.toMatchObject({ code: 'AlreadyExists' })
    await store.create(spec('more'))
    await expect(store.create(spec('third'))).rejects.toMatchObject({ code: 'RateLimited' })
    expect((await store.list('ada')).map(({ name }) => name)).toEqual(['more', 'notes'])
    const chunks = Array.from({ length: 6 }, () => ({ text: 'full', vector: east }))
    expect(await store.put('ada', 'notes', { ...document('a', '', east), chunks })).toBe(true)
    await expect(store.put('ada', 'notes', document('b', 'more', east))).rejects.toMatchObject({ code: 'TooLarge' })
    expect(await store.put('ada', 'notes', { ...document('a', '', east), chunks })).toBe(true)
    await expect(store.put('ada', 'none', document('b', 'more', east))).rejects.toMatchObject({ code: 'NotFound' })
    await store.close()
  })
})
