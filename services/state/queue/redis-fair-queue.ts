import type { LegId } from '#services/contract/ids'
import { isOneServer, type RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import { composedWith, composeScript } from '#services/platform/redis/compose-script'
import { loadScript, runScript, type Script } from '#services/platform/redis/script'
import { bullmqScripts, batchLeaseKeys, batchLeasePrefix } from './bullmq-internals.ts'
import { fairQueueKey, fairQueueKeys, separator, type FairQueueKey } from './fair-queue-keys.ts'
import type { BegunWord, PoolBacklog, RunningLeg } from './pool-queue.ts'

/** Envelopes taken for a batch lease, and those that were too late to be taken. */
export interface Taken {
  readonly legs: readonly unknown[]
  readonly expired: readonly unknown[]
  /** What the cascade log said of each leg, where it was asked in the same step. */
  readonly begun?: readonly BegunWord[]
}

/** How every leg of a batch is begun in the step that takes it. */
export interface Beginning {
  readonly script: Script
  readonly workerId: string
  readonly maxDeaths: number
  /** What a cascade's key has before and after the request's id. */
  readonly keyAround: readonly [string, string]
}

/** The same for a batch lease that was just taken. */
export interface TakenBatchLease extends Taken {
  readonly batchLease: string
  /** BatchLeases that nobody has yet. */
  readonly waiting: number
}

/** A worker's lock on a batch lease. */
export interface Lock {
  readonly token: string
  readonly lockMs: number
}

/** The legs of one pool in the order in which they are to run; every change is one step in Lua. */
export interface FairQueue {
  /**
   * Takes a batch lease and its batch; `limits` has the models that may be taken and the most legs of each. `undefined`
   * when there is no batch lease. Where legs are begun too, a command that Redis comes to later goes by its time of
   * then.
   */
  take(lock: Lock, now: () => number, limits: ReadonlyMap<string, number>): Promise<TakenBatchLease | undefined>
  /** More legs of a model for a batch lease that has some. */
  takeMore(batchLease: string, nowMs: number, model: string, limit: number): Promise<Taken>
  withdraw(legId: LegId): Promise<boolean>
  /** True when a batch lease is to be handed out for it. */
  giveBack(batchLease: string, legId: LegId): Promise<boolean>
  /** Lets go of a batch lease and of every leg that it has. */
  finish(batchLease: string, lock: Lock, nowMs: number): Promise<void>
  backlog(): Promise<PoolBacklog>
  /** BatchLeases that there are to be. */
  batchLeasesWanted(): Promise<number>
  waiting(): Promise<number>
  /** The models of the legs that stand first in the queue. */
  waitingModels(): Promise<ReadonlySet<string>>
  /** Reports how many batch leases nobody has yet, where the count was lost. */
  count(batchLeases: number): Promise<void>
}

const script = (name: string): Script => loadScript(import.meta.url, 'lua/fair-queue.lua', `lua/${name}.lua`)
const { activateBatchLease, addBatchLease, completeBatchLease } = bullmqScripts
const main = (name: string): Script => loadScript(import.meta.url, `lua/${name}.lua`)
const scripts = {
  take: composeScript({ take: script('take'), activate_batch_lease: activateBatchLease }, main('take-batch-lease')),
  takeMore: script('take'),
  withdraw: script('withdraw'),
  giveBack: script('give-back'),
  finish: composeScript(
    {
      done: script('done'),
      complete_batch_lease: completeBatchLease,
      batch_leases_lacking: script('batch-leases-lacking'),
      add_batch_lease: addBatchLease,
    },
    main('finish-batch-lease'),
  ),
  batchLeasesWanted: script('batch-leases-wanted'),
  backlog: script('backlog'),
}
const takeAndBeginMain = main('take-and-begin')

/** Opens a pool's fair queue; with `beginning` for a worker that begins what it takes. */
export function openFairQueue(prefix: string, pool: string, redis: RedisConnection, beginning?: Beginning): FairQueue {
  const keyOf = (name: FairQueueKey): string => fairQueueKey(prefix, pool, name)
  const keys = fairQueueKeys(prefix, pool)
  const bullmqKeys = batchLeaseKeys(prefix, pool)
  const batchLeaseKey = batchLeasePrefix(prefix, pool)
  const run = (one: Script, args: readonly (string | number)[], more: readonly string[] = []): Promise<unknown> =>
    runScript(redis, one, [...keys, ...more], args)
  const oneServer = isOneServer(redis)
  const takeAndBegin = (
    { script: begin, workerId, maxDeaths, keyAround }: Beginning,
    args: readonly (string | number)[],
  ): Promise<unknown> => {
    const whole = composedWith(begin, () =>
      composeScript({ take_batch_lease: scripts.take, begin_leg: begin }, takeAndBeginMain),
    )
    return run(whole, [workerId, maxDeaths, ...keyAround, ...args], bullmqKeys.activate)
  }
  return {
    async take({ token, lockMs }, now, limits) {
      const args = [batchLeaseKey, now(), token, lockMs, ...[...limits].flat()]
      const begins = oneServer && beginning !== undefined
      const reply = begins ? takeAndBegin(beginning, args) : run(scripts.take, args, bullmqKeys.activate)
      const [batchLease, waiting, legs, expired, begun] = listOf(await reply)
      if (typeof batchLease !== 'string') return undefined
      // By the clock of the reply: a Redis that hung may have taken its time.
      const at = now()
      const words = begins ? { begun: listOf(begun).map(one => wordOf(one, at)) } : {}
      return { batchLease, waiting: Number(waiting), ...takenOf([legs, expired]), ...words }
    },
    async takeMore(batchLease, nowMs, model, limit) {
      return takenOf(await run(scripts.takeMore, [batchLease, nowMs, 'more', model, limit]))
    },
    withdraw: async legId => (await run(scripts.withdraw, [legId])) === 1,
    giveBack: async (batchLease, legId) => (await run(scripts.giveBack, [batchLease, legId])) === 1,
    async finish(batchLease, { token, lockMs }, nowMs) {
      const more = [...bullmqKeys.complete, batchLeaseKey + batchLease, ...bullmqKeys.completeMore, ...bullmqKeys.add]
      await run(scripts.finish, [batchLease, token, nowMs, batchLeaseKey, lockMs], more)
    },
    async backlog() {
      const [waiting, running, work, put, batches, legs] = listOf(await run(scripts.backlog, [mostLegsReported]))
      const putMs = new Map(pairsOf(put).map(([priority, ms]) => [Number(priority), Number(ms)]))
      return {
        waiting: Number(waiting),
        running: Number(running),
        work: pairsOf(work).map(workOf),
        batches: Number(batches),
        legs: legsOf(listOf(legs).map(String)),
        putMs,
      }
    },
    batchLeasesWanted: async () => Number(await run(scripts.batchLeasesWanted, [])),
    waiting: () => onRedis(() => redis.zcard(keyOf('wait'))),
    async waitingModels() {
      const members = await onRedis(() => redis.zrange(keyOf('wait'), '0', String(membersRead - 1)))
      return new Set(members.flatMap(member => member.split(separator)[2] ?? []))
    },
    async count(batchLeases) {
      await onRedis(() => redis.set(keyOf('supply'), batchLeases))
    },
  }
}

/** Legs that one look at the queue's beginning reads. */
const membersRead = 100

function workOf([turn, ms]: readonly [string, string]): PoolBacklog['work'][number] {
  const [priority = '', tenant = '', model = ''] = turn.split(separator)
  return { priority: Number(priority), tenant: decodeURIComponent(tenant), model, workMs: Number(ms) }
}

/** Of more legs at work than this, the reported ones represent all. */
const mostLegsReported = 64

function legsOf(flat: readonly string[]): readonly RunningLeg[] {
  return Array.from({ length: flat.length / 3 }, (_, at) => {
    const [model = '', serviceMs, elapsedMs] = flat.slice(at * 3, at * 3 + 3)
    return { model, serviceMs: Number(serviceMs), elapsedMs: Number(elapsedMs) }
  })
}

function wordOf(reply: unknown, at: number): BegunWord {
  const [word, attempt] = listOf(reply)
  return { word: String(word), attempt: Number(attempt), at }
}

function pairsOf(flat: unknown): readonly (readonly [string, string])[] {
  const list = listOf(flat).map(String)
  return Array.from({ length: list.length / 2 }, (_, at) => [list[at * 2] ?? '', list[at * 2 + 1] ?? ''])
}

function takenOf(reply: unknown): Taken {
  const [legs, expired] = listOf(reply)
  const read = (envelopes: unknown): unknown[] => listOf(envelopes).map(text => JSON.parse(String(text)))
  return { legs: read(legs), expired: read(expired) }
}

function listOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : []
}
