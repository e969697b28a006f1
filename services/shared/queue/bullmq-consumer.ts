import { Worker, type Job as BullJob } from 'bullmq'
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { RedisConnection } from '../redis/connect.ts'
import { onRedis } from '../redis/run-command.ts'
import { queueName, queuePrefix } from './bullmq-producer.ts'
import type { JobConsumer, TakenJob } from './pool-queue.ts'
import { readJob } from './read-job.ts'

/** What one pool's consumer is told. */
export interface ConsumerOptions {
  readonly prefix: string
  readonly pool: string
  /** A leg whose worker is not heard of for this long is given to another. */
  readonly lockMs: number
  /** How often locks are renewed, and how often lost ones are looked for. */
  readonly renewMs: number
}

/** The taking side on BullMQ, by hand: `take` gives one leg, its lock is renewed until `done` or `giveBack`. */
export function createBullmqConsumer(options: ConsumerOptions, redis: RedisConnection, logger: Logger): JobConsumer {
  const held = new Map<string, { readonly token: string; readonly lost: AbortController }>()
  const worker = new Worker(queueName, null, {
    connection: redis,
    prefix: queuePrefix(options.prefix, options.pool),
    autorun: false,
    lockDuration: options.lockMs,
    stalledInterval: options.renewMs,
    // A leg's attempts are counted in the climb log, by whoever begins it.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    drainDelay: longestWaitSeconds,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
    skipVersionCheck: true,
  })
  worker.on('error', error => logger.debug({ err: error, pool: options.pool }, 'queue connection'))
  worker
    .startStalledCheckTimer()
    .catch((error: unknown) => logger.error({ err: error }, 'stalled legs are not looked for'))
  const renewing = setInterval(() => void renew(), options.renewMs)

  const renew = async (): Promise<void> => {
    const ids = [...held.keys()]
    if (ids.length === 0) return
    try {
      const tokens = ids.map(id => held.get(id)?.token ?? '')
      const lost = await worker.extendJobLocks(ids, tokens, options.lockMs)
      for (const id of lost) held.get(id)?.lost.abort()
    } catch (error) {
      // Redis is away: the locks run out there, and the next renewal tells which were lost.
      logger.debug({ err: error }, 'locks could not be renewed')
    }
  }

  const takenOf = (bullJob: BullJob, token: string): TakenJob | undefined => {
    const id = bullJob.id ?? ''
    const read = readJob(bullJob.data)
    if (read.kind === 'refused') {
      logger.error({ legId: id, why: read.why }, 'an envelope was refused')
      void onRedis(() => bullJob.moveToFailed(new Error(read.why), token)).catch(() => {
        // It is redelivered and refused again.
      })
      return undefined
    }
    const lost = new AbortController()
    held.set(id, { token, lost })
    let over = false
    const letGo = async (how: () => Promise<unknown>): Promise<void> => {
      if (over) return
      over = true
      // A leg that was lost may have come to this process again, under a lock of its own.
      if (held.get(id)?.lost === lost) held.delete(id)
      if (lost.signal.aborted) return
      await onRedis(how).catch((error: unknown) => {
        // The lock runs out and the leg is redelivered; the climb log knows that it ended.
        logger.debug({ err: error, legId: id }, 'a leg could not be let go of')
      })
    }
    return {
      job: read.job,
      lost: lost.signal,
      done: () => letGo(() => bullJob.moveToCompleted(null, token, false)),
      giveBack: () => letGo(() => bullJob.moveToWait(token)),
    }
  }

  return {
    async take(waitMs) {
      const token = randomUUID()
      const bullJob = await worker.getNextJob(token, { block: waitMs > 0 })
      return bullJob === undefined ? undefined : takenOf(bullJob, token)
    },
    async close() {
      clearInterval(renewing)
      await worker.close()
    },
  }
}

/** Longest that one blocking take waits: a drain is noticed within it. */
const longestWaitSeconds = 1
