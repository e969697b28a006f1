import type { Clock } from '#services/contract/clock'
import type { RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import type { ShutEndpoint, WorkerRegistry, WorkerState } from './worker-registry.ts'

interface Entry {
  readonly state: WorkerState
  /** Epoch ms after which the worker counts as dead. */
  readonly aliveUntil: number
}

/**
 * The registry in Redis: one hash of last heartbeats and a set of workers that an operator drains, both in one
 * slot.
 */
export function createRedisWorkerRegistry(prefix: string, redis: RedisConnection, clock: Clock): WorkerRegistry {
  const workers = `${prefix}:{workers}:alive`
  const draining = `${prefix}:{workers}:draining`
  const shutOff = `${prefix}:{workers}:shut`
  const report = async (shut: readonly ShutEndpoint[]): Promise<void> => {
    if (shut.length === 0) return
    const fields = shut.flatMap(({ endpoint, untilAt }) => [endpoint, untilAt])
    await Promise.all([redis.hset(shutOff, ...fields), redis.pexpire(shutOff, rememberShutMs)])
  }
  return {
    async beat(state, ttlMs, shut = []) {
      const entry: Entry = { state, aliveUntil: clock.now() + ttlMs }
      const [, drain, reported] = await onRedis(() =>
        Promise.all([
          redis.hset(workers, state.workerId, JSON.stringify(entry)),
          redis.sismember(draining, state.workerId),
          redis.hgetall(shutOff),
          report(shut),
        ]),
      )
      const known = Object.entries(reported).map(([endpoint, untilAt]) => ({ endpoint, untilAt: Number(untilAt) }))
      return { drain: drain === 1, shut: known.filter(({ untilAt }) => untilAt > clock.now()) }
    },
    async leave(workerId) {
      await onRedis(() => Promise.all([redis.hdel(workers, workerId), redis.srem(draining, workerId)]))
    },
    async list() {
      const [beats, reported] = await onRedis(() => Promise.all([redis.hgetall(workers), redis.smembers(draining)]))
      const entries = Object.entries(beats).map(([workerId, text]) => [workerId, entryOf(text)] as const)
      // A worker with a drain order drains at its next heartbeat; do not count on it until then.
      const drains = new Set(reported)
      const nowMs = clock.now()
      const dead = entries.filter(([, entry]) => entry.aliveUntil < nowMs - forgetMs).map(([workerId]) => workerId)
      if (dead.length > 0) await onRedis(() => redis.hdel(workers, ...dead))
      return entries.flatMap(([workerId, { state, aliveUntil }]) => {
        // Beyond a minute it is from before Redis' own time was set back.
        if (state === undefined || aliveUntil < nowMs || aliveUntil > nowMs + forgetMs) return []
        return drains.has(workerId) ? { ...state, draining: true } : state
      })
    },
    async setDraining(workerIds, drains) {
      if (workerIds.length === 0) return
      await onRedis(() => (drains ? redis.sadd(draining, ...workerIds) : redis.srem(draining, ...workerIds)))
    },
  }
}

/** A heartbeat that cannot be read is that of a dead worker: if it lives, its next one takes its place. */
function entryOf(text: string): Entry | { readonly aliveUntil: number; readonly state?: undefined } {
  try {
    return JSON.parse(text) as Entry
  } catch {
    return { aliveUntil: 0 }
  }
}

/** Longer than any endpoint is shut off. */
const rememberShutMs = 120_000

/** A dead worker's last heartbeat is deleted after a minute: until then its clock may only be behind ours. */
const forgetMs = 60_000
