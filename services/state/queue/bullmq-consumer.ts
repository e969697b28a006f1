import { createRedisBackend, type WorkerOptions } from 'bullmq'
import { Redis } from 'ioredis'
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { systemClock } from '#services/contract/clock'
import { every, sleep } from '#services/platform/process/every'
import type { RedisConnection } from '#services/platform/redis/connect'
import { createBatchLeaseMender, openBatchLeases } from './bullmq-batch-leases.ts'
import type { WatchableConsumer } from './pool-queue.ts'
import { openBlockingDequeue, type BlockingDequeue } from './blocking-dequeue.ts'
import { openBatchLeaseBell } from './batch-lease-bell.ts'
import { openFairQueue, type Beginning, type Lock, type TakenBatchLease } from './redis-fair-queue.ts'
import { openHeldBatchLease, type HeldBatchLease } from './held-batch-lease.ts'
import { queueName, queuePrefix } from './bullmq-internals.ts'

/** Options of one pool's consumer. */
export interface ConsumerOptions {
  readonly prefix: string
  readonly pool: string
  /** A leg whose worker has been silent for this long is delivered to another. */
  readonly lockMs: number
  /** How often locks are renewed, and how often lost ones are looked for. */
  readonly renewMs: number
  /** How legs are begun in the step that takes them; absent: whoever takes them begins them. */
  readonly beginning?: Beginning
}

/**
 * The taking side on BullMQ, by hand: a batch lease gives one batch out of the queue, its lock is renewed until every
 * leg of the batch is let go of. The batch lease of a worker that died is handed out again by BullMQ, and gives the
 * same batch.
 */
export function createBullmqConsumer(
  options: ConsumerOptions,
  redis: RedisConnection,
  logger: Logger,
  clock = systemClock,
): WatchableConsumer {
  const held = new Map<string, HeldBatchLease>()
  const fairQueue = openFairQueue(options.prefix, options.pool, redis, options.beginning)
  const batchLeases = openBatchLeases(options.prefix, options.pool, redis)
  const backend = createRedisBackend(queueName, {
    connection: redis,
    prefix: queuePrefix(options.prefix, options.pool),
    stalledInterval: options.renewMs,
    // A leg's attempts are counted in the cascade log, by whoever begins it.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    skipVersionCheck: true,
  } as WorkerOptions)
  backend.on('error', (error: unknown) => logger.debug({ err: error, pool: options.pool }, 'queue connection'))
  let dequeue = blockingDequeueOf(options, redis, logger)
  /** Rings for workers whose takes cannot wait in Redis. */
  let bell = dequeue === undefined ? openBatchLeaseBell(options.prefix, options.pool, redis, logger) : undefined
  const mend = createBatchLeaseMender(fairQueue, batchLeases)

  /** Keeps the locks of what is held; they run out while Redis is away, and the next turn tells which were lost. */
  const renew = async (): Promise<void> => {
    const ids = [...held.keys()]
    if (ids.length === 0) return
    const tokens = ids.map(id => held.get(id)?.token ?? '')
    const lost = await backend.extendLocks(ids, tokens, options.lockMs)
    for (const id of lost) held.get(id)?.lose()
  }
  const keep = every(
    options.renewMs,
    async () => {
      const turns = [renew(), mend(), backend.moveStalledJobsToWait()]
      for (const turn of await Promise.allSettled(turns)) if (turn.status === 'rejected') throw turn.reason
    },
    error => logger.debug({ err: error, pool: options.pool }, 'locks or batch leases could not be seen to'),
  )

  const hold = (id: string, token: string): HeldBatchLease => {
    const batchLease = openHeldBatchLease(
      {
        id,
        token,
        complete: () => fairQueue.finish(id, { token, lockMs: options.lockMs }, clock.now()),
        // The same batch lease may have come to this process again, under a lock of its own.
        released: () => held.get(id) === batchLease && held.delete(id),
      },
      { fairQueue, batchLeases, clock, logger },
    )
    held.set(id, batchLease)
    return batchLease
  }

  /**
   * BatchLeases that waited when one was last taken: while there are, or nobody knows, a look costs less than being
   * woken.
   */
  let waiting = 1
  let closed = false

  const takeNow = async (
    lock: Lock,
    limits: ReadonlyMap<string, number>,
    isOpen: () => boolean,
  ): Promise<TakenBatchLease | undefined> => (isOpen() ? fairQueue.take(lock, clock.now, limits) : undefined)

  /** Where Redis refuses a command that the blocking dequeue needs, workers are woken by BullMQ. */
  const doWithoutBlocking = (error: unknown): void => {
    logger.warn({ err: error, pool: options.pool }, 'takes cannot wait in Redis, which costs each leg a message more')
    dequeue?.close()
    dequeue = undefined
    bell ??= openBatchLeaseBell(options.prefix, options.pool, redis, logger)
  }

  const takeNext = async (
    lock: Lock,
    limits: ReadonlyMap<string, number>,
    isOpen: () => boolean,
  ): Promise<TakenBatchLease | undefined> => {
    try {
      if (dequeue !== undefined) return await dequeue.take(lock, clock.now, limits, isOpen)
      await bell?.wait(longestWaitSeconds)
    } catch (error) {
      // The next check reports the fault, if it persists.
      if (dequeue !== undefined && isForbidden(error)) doWithoutBlocking(error)
      await sleep(pauseMs)
    }
    return takeNow(lock, limits, isOpen)
  }

  return {
    async take(waitMs, limits, isOpen = () => true) {
      const lock = { token: randomUUID(), lockMs: options.lockMs }
      const mayTake = (): boolean => !closed && isOpen()
      const take = waiting === 0 && waitMs > 0 ? takeNext : takeNow
      const taken = await take(lock, limits, mayTake)
      waiting = taken?.waiting ?? 0
      return taken === undefined ? undefined : hold(taken.batchLease, lock.token).open(taken)
    },
    interrupt: () => dequeue?.interrupt(),
    restart() {
      waiting = 1
      dequeue?.reset()
      bell?.reset()
    },
    waitingModels: () => fairQueue.waitingModels(),
    async close() {
      closed = true
      dequeue?.close()
      bell?.close()
      await keep.stop()
      await backend.close()
      await batchLeases.close()
    },
  }
}

/** Redis' errors for commands that its ACL or its kind does not allow. */
function isForbidden(error: unknown): boolean {
  return error instanceof Error && /NOPERM|unknown (?:sub)?command/iu.test(error.message)
}

/**
 * Takes wait in Redis where one step can do all of it: on one server, and with legs that are begun when they are
 * taken.
 */
function blockingDequeueOf(
  { prefix, pool, beginning }: ConsumerOptions,
  redis: RedisConnection,
  logger: Logger,
): BlockingDequeue | undefined {
  return redis instanceof Redis && beginning !== undefined
    ? openBlockingDequeue({ prefix, pool, beginning }, redis, logger)
    : undefined
}

/** Longest that one blocking take waits: a drain is noticed within it. */
const longestWaitSeconds = 1
/** Pause after a wait that failed, as when Redis is away. */
const pauseMs = 100
