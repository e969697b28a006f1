import type { RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import type { IndexSpec } from '../index-store.ts'
import { createExactIndex, type ExactIndex } from './exact-index.ts'
import { unpackDocument } from './pack-document.ts'
import type { IndexKeys } from './index-keys.ts'

/** The indexes that this process holds. */
export interface Followers {
  /** The index as it is now; `undefined` when there is none. */
  current(keys: IndexKeys): Promise<ExactIndex | undefined>
  leave(index: string): void
  close(): void
}

interface Held {
  readonly indexId: string
  readonly dimensions: number
  readonly index: ExactIndex
  version: number
  following?: Promise<void>
}

/** Changes that are read together. */
const changesAtOnce = 256

/** Makes them. Evicts the least recently used where all together exceed `memoryBytes`. */
export function createFollowers(memoryBytes: number, redis: RedisConnection): Followers {
  const all = new Map<string, Held>()

  /** Reads changes up to `target` at least. */
  const follow = async (held: Held, keys: IndexKeys, target: number): Promise<void> => {
    for (;;) {
      const from = `(${held.version}`
      const changes = await onRedis(() =>
        redis.zrangebyscore(keys.changes, from, '+inf', 'WITHSCORES', 'LIMIT', 0, changesAtOnce),
      )
      const ids = changes.filter((_, at) => at % 2 === 0)
      if (ids.length === 0) {
        // Removals that are forgotten have no entry any more.
        held.version = Math.max(held.version, target)
        return
      }
      const documents = await onRedis(() => redis.hmgetBuffer(keys.documents, ...ids))
      for (const [at, id] of ids.entries()) {
        const packed = documents[at]
        if (packed === null || packed === undefined) held.index.remove(id)
        else held.index.put(unpackDocument(id, packed, held.dimensions))
      }
      held.version = Number(changes.at(-1))
    }
  }
  const makeRoom = (kept: string): void => {
    let bytes = [...all.values()].reduce((sum, { index }) => sum + index.bytes, 0)
    for (const [name, { index }] of all) {
      if (name === kept || bytes <= memoryBytes) return
      bytes -= index.bytes
      all.delete(name)
    }
  }

  return {
    async current(keys) {
      const [indexId, version, floor, spec] = await onRedis(() =>
        redis.hmget(keys.index, 'id', 'version', 'floor', 'spec'),
      )
      if (typeof indexId !== 'string' || typeof spec !== 'string') {
        all.delete(keys.index)
        return undefined
      }
      const known = all.get(keys.index)
      const isUsable = known?.indexId === indexId && (known.version === 0 || known.version >= Number(floor))
      const { dimensions } = isUsable ? known : (JSON.parse(spec) as IndexSpec)
      const held = isUsable ? known : { indexId, dimensions, index: createExactIndex(dimensions), version: 0 }
      // The most recently used is last.
      all.delete(keys.index)
      all.set(keys.index, held)
      // One that follows already may have begun before the change that this caller has seen.
      while (held.version < Number(version)) {
        held.following ??= follow(held, keys, Number(version)).finally(() => {
          delete held.following
        })
        await held.following
      }
      makeRoom(keys.index)
      return held.index
    },
    leave: index => void all.delete(index),
    close: () => all.clear(),
  }
}
