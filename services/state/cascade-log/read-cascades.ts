import { parseRequestId, type RequestId } from '#services/contract/ids'
import type { RedisConnection } from '#services/platform/redis/connect'
import { passOver, type OnUnreadable } from '#services/platform/redis/pass-over'
import { onRedis } from '#services/platform/redis/run-command'
import { loadScript, runScript } from '#services/platform/redis/script'
import { cascadeStateOf, pairUp, textsOf } from './cascade-fields.ts'
import type { CascadeKeys } from './cascade-keys.ts'
import type { CascadeLog, CascadeState, Owner } from './cascade-log.ts'

/** Who hears of records that cannot be read. */
interface ReadOptions {
  readonly onUnreadable?: OnUnreadable
}

const takeOverScript = loadScript(import.meta.url, 'lua/take-over.lua')

/** Takes one cascade whose lease is over; `undefined` when there is nothing to take. */
export async function takeOne(
  { redis, keys }: { readonly redis: RedisConnection; readonly keys: CascadeKeys },
  id: string,
  owner: Owner,
  nowMs: number,
): Promise<CascadeState | undefined> {
  const requestId = parseRequestId(id)
  if (requestId === undefined) {
    await onRedis(() => redis.zrem(keys.open, id))
    return undefined
  }
  const reply = textsOf(
    await runScript(redis, takeOverScript, [keys.cascade(requestId)], [owner.name, owner.leaseUntil, nowMs]),
  )
  const [word = 'gone', ...rest] = reply
  if (word === 'gone') await onRedis(() => redis.zrem(keys.open, id))
  else await onRedis(() => redis.zadd(keys.open, word === 'kept' ? Number(rest[0]) : owner.leaseUntil, id))
  return word === 'taken' ? cascadeStateOf(pairUp(rest)) : undefined
}

/** Makes what reads cascades and changes none. */
export function createReaders(
  options: ReadOptions,
  redis: RedisConnection,
  keys: CascadeKeys,
): Pick<CascadeLog, 'read' | 'readMany' | 'listDead' | 'discardDead'> {
  const read = async (requestId: RequestId): Promise<CascadeState | undefined> => {
    const fields = await onRedis(() => redis.hgetall(keys.cascade(requestId)))
    return cascadeStateOf(new Map(Object.entries(fields)))
  }
  // Asked in one turn, the commands go out together and their answers come back together.
  const readMany = (requestIds: readonly RequestId[]): Promise<(CascadeState | undefined)[]> =>
    Promise.all(requestIds.map(id => read(id).catch(passOver(id, options.onUnreadable))))
  return {
    read,
    readMany,
    async listDead({ limit, before }) {
      const newest = before === undefined ? '+inf' : `(${before}`
      const ids = await onRedis(() => redis.zrevrangebyscore(keys.dead, newest, '-inf', 'LIMIT', 0, limit))
      const unreadable = new Set<string>()
      const onUnreadable: OnUnreadable = (id, error) => {
        unreadable.add(id)
        options.onUnreadable?.(id, error)
      }
      const states = await Promise.all(
        ids.map(async id => {
          const requestId = parseRequestId(id)
          return requestId && read(requestId).catch(passOver(id, onUnreadable))
        }),
      )
      const gone = ids.filter((id, index) => states[index] === undefined && !unreadable.has(id))
      if (gone.length > 0) await onRedis(() => redis.zrem(keys.dead, ...gone))
      return states
        .filter(state => state?.end?.kind === 'failed' && state.end.dead)
        .filter(state => state !== undefined)
    },
    async discardDead(requestId) {
      const removed = await onRedis(() => redis.zrem(keys.dead, requestId))
      if (removed === 1) await onRedis(() => redis.del(keys.cascade(requestId)))
      return removed === 1
    },
  }
}
