import { randomBytes } from 'node:crypto'
import type { Clock } from '#services/contract/clock'
import type { RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import { loadScript, runScript, type Script } from '#services/platform/redis/script'
import {
  indexExists,
  indexFull,
  noSuchIndex,
  tooManyIndexes,
  type IndexSpec,
  type IndexState,
  type IndexStore,
} from '../index-store.ts'
import { createFollowers } from './follow-index.ts'
import { indexKeys, type IndexKeys } from './index-keys.ts'
import { packDocument } from './pack-document.ts'

/** What the store is told. */
export interface RedisIndexStoreOptions {
  readonly prefix: string
  /** Indexes of one tenant. */
  readonly mostIndexes: number
  /** Chunks of one index. */
  readonly mostChunks: number
  /** Bytes of indexes that this process holds; the least used are evicted. */
  readonly memoryBytes: number
  /** How long a document that is on its way may take: removals are remembered so long. */
  readonly orderMs: number
}

const load = (name: string): Script => loadScript(import.meta.url, `lua/${name}.lua`)
const scripts = { create: load('create'), put: load('put'), remove: load('remove') }

/**
 * Indexes in Redis, all of a tenant in one slot. Each process holds those that it is asked for in its memory, follows
 * their changes at every search, and looks at every chunk.
 */
export function createRedisIndexStore(
  { prefix, mostIndexes, mostChunks, memoryBytes, orderMs }: RedisIndexStoreOptions,
  redis: RedisConnection,
  clock: Clock,
): IndexStore {
  const keysOf = (tenant: string, name: string): IndexKeys => indexKeys(prefix, tenant, name)
  const followers = createFollowers(memoryBytes, redis)

  const find = async (tenant: string, name: string): Promise<IndexState | undefined> => {
    const { index, sizes } = keysOf(tenant, name)
    const fields = await onRedis(() => redis.hgetall(index))
    const { spec, id } = fields
    if (spec === undefined || id === undefined) return undefined
    const documents = await onRedis(() => redis.hlen(sizes))
    const count = (field: string): number => Number(fields[field] ?? 0)
    return {
      // Written by `create` alone.
      ...(JSON.parse(spec) as IndexSpec),
      indexId: id,
      createdAt: count('made'),
      version: count('version'),
      documents,
      chunks: count('chunks'),
    }
  }

  return {
    find,
    async create(spec) {
      const { index, names } = keysOf(spec.tenant, spec.name)
      const id = randomBytes(8).toString('hex')
      const args = [spec.name, JSON.stringify(spec), id, clock.now(), mostIndexes]
      const made = await runScript(redis, scripts.create, [index, names], args)
      if (made === 0) throw tooManyIndexes(mostIndexes)
      const created = made === 1 ? await find(spec.tenant, spec.name) : undefined
      if (created === undefined) throw indexExists()
      return created
    },
    async list(tenant) {
      const names = await onRedis(() => redis.zrange(keysOf(tenant, '').names, '0', '-1'))
      const states = await Promise.all(names.map(name => find(tenant, name)))
      return states.filter(state => state !== undefined)
    },
    async drop(tenant, name) {
      const { names, index, documents, sizes, changes, removed } = keysOf(tenant, name)
      followers.leave(index)
      const gone = await onRedis(() => redis.unlink(index, documents, sizes, changes, removed))
      await onRedis(() => redis.zrem(names, name))
      return gone > 0
    },
    async put(tenant, name, document) {
      const { index, documents, sizes, changes, removed } = keysOf(tenant, name)
      const { documentId, orderedAt, chunks } = document
      const packed = packDocument(document)
      const args: readonly (string | number | Buffer)[] = [documentId, orderedAt, packed, chunks.length, mostChunks]
      const put = await runScript(redis, scripts.put, [index, documents, sizes, changes, removed], args)
      if (put === -1) throw noSuchIndex()
      if (put === -2) throw indexFull(mostChunks)
      return put === 1
    },
    async remove(tenant, name, documentIds) {
      const { index, documents, sizes, changes, removed } = keysOf(tenant, name)
      const now = clock.now()
      const keys = [index, documents, sizes, changes, removed]
      const count = await runScript(redis, scripts.remove, keys, [now, now - orderMs, ...documentIds])
      if (count === -1) throw noSuchIndex()
      return Number(count)
    },
    async search(tenant, name, query) {
      const held = await followers.current(keysOf(tenant, name))
      if (held === undefined) throw noSuchIndex()
      return held.search(query)
    },
    async close() {
      followers.close()
    },
  }
}
