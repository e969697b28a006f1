import { createHash, randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '#services/contract/clock'
import { GatewayError } from '#services/contract/errors'
import type { RedisConnection } from '#services/platform/redis/connect'
import { passOver, type OnUnreadable } from '#services/platform/redis/pass-over'
import { onRedis } from '#services/platform/redis/run-command'
import { loadScript, runScript, type Script } from '#services/platform/redis/script'
import { fileTag } from '../files/file-keys.ts'
import { batchFromFields } from './batch-fields.ts'
import type { Batch, BatchOrder, BatchOwner, BatchStatus, BatchStore, RowRecord, TakenBatch } from './batch-store.ts'

/** Options of the store. */
export interface BatchStoreOptions {
  readonly prefix: string
  /** Batches of one tenant that are under way at once. */
  readonly mostOpen: number
  /** How long a batch is kept after its window. */
  readonly keepMs: number
  readonly onUnreadable?: OnUnreadable
}

const load = (name: string): Script =>
  loadScript(import.meta.url, '../files/lua/files.lua', 'lua/batches.lua', `lua/${name}.lua`)
const scripts = {
  create: load('create'),
  take: load('take'),
  renew: load('renew'),
  begin: load('begin-rows'),
  record: load('record'),
  finish: load('finish'),
  cancel: load('cancel'),
}

/**
 * Batches in Redis: one hash a batch, in the slot of its tenant's files, so that a row and its line are one step. An
 * index of those under way, by the time when their leases end, may run ahead of the hashes but never behind.
 */
export function createRedisBatchStore(
  { prefix, mostOpen, keepMs, onUnreadable }: BatchStoreOptions,
  redis: RedisConnection,
  clock: Clock,
): BatchStore {
  const openKey = `${prefix}:batches:open`
  const keysOf = (tenant: string, batchId: string) => {
    const tag = fileTag(prefix, tenant)
    return { tag, batch: `${tag}:batch:${batchId}`, bits: `${tag}:batch:${batchId}:done`, open: `${tag}:batches:open` }
  }
  const listKey = (tenant: string): string => `${fileTag(prefix, tenant)}:batches`
  const find = async (tenant: string, batchId: string): Promise<Batch | undefined> =>
    batchFromFields(batchId, await onRedis(() => redis.hgetall(keysOf(tenant, batchId).batch)))
  const keptUntil = (order: BatchOrder): number => clock.now() + order.windowMs + Math.max(keepMs, order.outputTtlMs)

  const take = async (member: string, owner: BatchOwner): Promise<TakenBatch | undefined> => {
    const [tenant = '', batchId = ''] = JSON.parse(member) as string[]
    const { batch, bits } = keysOf(tenant, batchId)
    const reply = await runScript(redis, scripts.take, [batch], [owner.name, owner.leaseUntil, clock.now()])
    const [head = 'gone', ...texts] = Array.isArray(reply) ? reply.map(String) : []
    if (head === 'gone') await onRedis(() => redis.zrem(openKey, member))
    else await onRedis(() => redis.zadd(openKey, 'XX', head === 'kept' ? Number(texts[0]) : owner.leaseUntil, member))
    if (head === 'gone' || head === 'kept') return undefined
    const fields = Object.fromEntries(texts.flatMap((name, at) => (at % 2 === 0 ? [[name, texts[at + 1] ?? '']] : [])))
    const found = batchFromFields(batchId, fields)
    // Nothing is recorded between the two: the epoch of whoever drove it is over.
    const done = (await onRedis(() => redis.getBuffer(bits))) ?? Buffer.alloc(0)
    if (found === undefined) return undefined
    return {
      lease: { tenant, batchId, epoch: Number(head) },
      batch: found,
      isDone: row => ((done[row >> 3] ?? 0) & (0x80 >> (row & 7))) !== 0,
    }
  }

  return {
    find,
    async create(order, key) {
      const batchId = `batch_${key === undefined ? randomBytes(12).toString('hex') : idOfKey(order.tenant, key)}`
      const { tag, batch, open } = keysOf(order.tenant, batchId)
      const [output, error] = ['file', 'file'].map(word => `${word}-${randomBytes(12).toString('hex')}`)
      const now = clock.now()
      const member = memberOf(order.tenant, batchId)
      // Before the batch itself: readers drop an entry without a batch after a while.
      await onRedis(() => redis.zadd(openKey, now, member))
      const args = [tag, batchId, now, JSON.stringify(order), Math.ceil(keptUntil(order)), mostOpen]
      const made = await runScript(
        redis,
        scripts.create,
        [batch, listKey(order.tenant), open],
        [...args, output ?? '', error ?? ''],
      )
      const created = made === 0 ? undefined : await find(order.tenant, batchId)
      if (made === 2 && created !== undefined) return sameOrder(created, order)
      if (created !== undefined) {
        // Whoever looked before it was there has dropped the entry.
        await onRedis(() => redis.zadd(openKey, 'NX', now, member))
        return created
      }
      throw new GatewayError('RateLimited', 'this tenant has as many batches under way as it may', {
        reason: 'BATCHES_FULL',
        quota: { subject: 'tenant:batches', description: `${mostOpen} batches at once` },
        retryAfterMs: 60_000,
      })
    },
    async list(tenant, { limit, after }) {
      const ids = await onRedis(() => redis.zrevrange(listKey(tenant), 0, -1))
      const at = after === undefined ? -1 : ids.indexOf(after)
      const batches = await Promise.all(ids.slice(at + 1, at + 1 + limit).map(id => find(tenant, id)))
      return batches.filter(batch => batch !== undefined)
    },
    async cancel(tenant, batchId) {
      await runScript(redis, scripts.cancel, [keysOf(tenant, batchId).batch], [clock.now()])
      return find(tenant, batchId)
    },
    async takeOver(owner, limit) {
      if (limit <= 0) return []
      const members = await onRedis(() => redis.zrangebyscore(openKey, '-inf', clock.now(), 'LIMIT', 0, limit))
      const taken = await Promise.all(members.map(member => take(member, owner).catch(passOver(member, onUnreadable))))
      return taken.filter(one => one !== undefined)
    },
    async renew({ tenant, batchId, epoch }, leaseUntil) {
      const status = await runScript(redis, scripts.renew, [keysOf(tenant, batchId).batch], [epoch, leaseUntil])
      if (typeof status !== 'string' || status === '') return undefined
      await onRedis(() => redis.zadd(openKey, 'XX', leaseUntil, memberOf(tenant, batchId)))
      return status as BatchStatus
    },
    async release({ tenant, batchId, epoch }) {
      await runScript(redis, scripts.renew, [keysOf(tenant, batchId).batch], [epoch, 0])
      await onRedis(() => redis.zadd(openKey, 'XX', 0, memberOf(tenant, batchId)))
    },
    async begin({ tenant, batchId, epoch }, rows) {
      const args = [epoch, rows, clock.now()]
      return (await runScript(redis, scripts.begin, [keysOf(tenant, batchId).batch], args)) === 1
    },
    async record({ tenant, batchId, epoch }, rows) {
      const { tag, batch, bits } = keysOf(tenant, batchId)
      const until = Math.ceil(clock.now() + keepMs)
      const args = [tag, epoch, until, ...rows.flatMap(argsOf)]
      return (await runScript(redis, scripts.record, [batch, bits], args)) === 1
    },
    async finish({ tenant, batchId, epoch }, { status, faults = [], unrecordedNanoUsd = 0 }) {
      const { tag, batch, bits, open } = keysOf(tenant, batchId)
      const found = await find(tenant, batchId)
      if (found === undefined) return false
      const now = clock.now()
      const endsAt = Math.ceil(now + found.outputTtlMs)
      const args = [tag, epoch, batchId, status, now, JSON.stringify(faults), endsAt, unrecordedNanoUsd]
      const finished = (await runScript(redis, scripts.finish, [batch, bits, open], args)) === 1
      if (finished) await onRedis(() => redis.zrem(openKey, memberOf(tenant, batchId)))
      return finished
    },
  }
}

function idOfKey(tenant: string, key: string): string {
  return createHash('sha256').update(tenant).update('\0').update(key).digest('hex').slice(0, 24)
}

function sameOrder(batch: Batch, order: BatchOrder): Batch {
  const same = Object.entries(order).every(([name, value]) => isDeepStrictEqual(batch[name as keyof Batch], value))
  if (same) return batch
  const description = 'it was used with another batch'
  throw new GatewayError('AlreadyExists', `idempotency-key: ${description}`, {
    violations: [{ field: 'idempotency-key', description }],
  })
}

function memberOf(tenant: string, batchId: string): string {
  return JSON.stringify([tenant, batchId])
}

function argsOf({ row, line, succeeded, tokens, costNanoUsd }: RowRecord): readonly (string | number)[] {
  const { input, cached, output, reasoning } = tokens
  return [row, succeeded ? 'completed' : 'failed', line, costNanoUsd, input, cached, output, reasoning]
}
