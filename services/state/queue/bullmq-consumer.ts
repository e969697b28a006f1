import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { systemClock } from '#services/contract/clock'
import { sleep } from '#services/platform/process/every'
import type { RedisConnection } from '#services/platform/redis/connect'
import { openTickets } from './bullmq-tickets.ts'
import type { JobConsumer } from './pool-queue.ts'
import { openParkedTakes, type ParkedTakes } from './parked-take.ts'
import { openLine, type Beginning, type Lock, type TakenTicket } from './redis-line.ts'
import { createTicketMender } from './ticket-mender.ts'
import { openHeldTicket, type HeldTicket } from './held-ticket.ts'
import { queueName, queuePrefix } from './ticket-names.ts'

/** What one pool's consumer is told. */
export interface ConsumerOptions {
  readonly prefix: string
  readonly pool: string
  /** A leg whose worker is not heard of for this long is given to another. */
  readonly lockMs: number
  /** How often locks are renewed, and how often lost ones are looked for. */
  readonly renewMs: number
  /** How legs are begun in the step that takes them; absent: whoever takes them begins them. */
  readonly beginning?: Beginning
}

/**
 * The taking side on BullMQ, by hand: a ticket gives one batch out of the line, its lock is renewed until every leg of the batch is let
 * go of. The ticket of a worker that died is handed out again by BullMQ, and gives the same batch.
 */
export function createBullmqConsumer(
  options: ConsumerOptions,
  redis: RedisConnection,
  logger: Logger,
  clock = systemClock,
): JobConsumer {
  const held = new Map<string, HeldTicket>()
  const line = openLine(options.prefix, options.pool, redis, options.beginning)
  const tickets = openTickets(options.prefix, options.pool, redis)
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
  let parked = parkedTakesOf(options, redis, logger)
  const mend = createTicketMender(line, tickets)

  const renew = async (): Promise<void> => {
    try {
      await mend()
      const ids = [...held.keys()]
      if (ids.length === 0) return
      const tokens = ids.map(id => held.get(id)?.token ?? '')
      const lost = await worker.extendJobLocks(ids, tokens, options.lockMs)
      for (const id of lost) held.get(id)?.lose()
    } catch (error) {
      // Redis is away: the locks run out there, and the next renewal tells which were lost.
      logger.debug({ err: error }, 'locks could not be renewed')
    }
  }
  const renewing = setInterval(() => void renew(), options.renewMs)

  const hold = (id: string, token: string): HeldTicket => {
    const ticket = openHeldTicket(
      {
        id,
        token,
        complete: () => line.finish(id, { token, lockMs: options.lockMs }, clock.now()),
        // The same ticket may have come to this process again, under a lock of its own.
        released: () => held.get(id) === ticket && held.delete(id),
      },
      { line, tickets, clock, logger },
    )
    held.set(id, ticket)
    return ticket
  }

  /** Tickets that waited when one was last taken: while there are, or nobody knows, a look costs less than being woken. */
  let waiting = 1
  let closed = false

  const takeNow = async (
    lock: Lock,
    limits: ReadonlyMap<string, number>,
    isOpen: () => boolean,
  ): Promise<TakenTicket | undefined> => (isOpen() ? line.take(lock, clock.now, limits) : undefined)

  /** Where Redis refuses a command that parking needs, workers are woken by BullMQ. */
  const doWithoutParking = (error: unknown): void => {
    logger.warn({ err: error, pool: options.pool }, 'takes cannot wait in Redis, which costs each leg a message more')
    parked?.close()
    parked = undefined
  }

  const takeNext = async (
    lock: Lock,
    limits: ReadonlyMap<string, number>,
    isOpen: () => boolean,
  ): Promise<TakenTicket | undefined> => {
    try {
      if (parked !== undefined) return await parked.take(lock, clock.now, limits, isOpen)
      await worker.waitUntilReady()
      await worker.backend.waitForJob(longestWaitSeconds)
    } catch (error) {
      // The look that follows tells what is wrong, if it still is.
      if (parked === undefined) await worker.backend.reconnectBlocking().catch(() => {})
      else if (isForbidden(error)) doWithoutParking(error)
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
      return taken === undefined ? undefined : hold(taken.ticket, lock.token).open(taken)
    },
    rouse: () => parked?.rouse(),
    async close() {
      closed = true
      clearInterval(renewing)
      parked?.close()
      await worker.close()
      await tickets.close()
    },
  }
}

/** What Redis says of a command that its rules or its kind do not allow. */
function isForbidden(error: unknown): boolean {
  return error instanceof Error && /NOPERM|unknown (?:sub)?command/iu.test(error.message)
}

/** Takes wait in Redis where one step can do all of it: on one server, and with legs that are begun when they are taken. */
function parkedTakesOf(
  { prefix, pool, beginning }: ConsumerOptions,
  redis: RedisConnection,
  logger: Logger,
): ParkedTakes | undefined {
  return redis instanceof Redis && beginning !== undefined
    ? openParkedTakes({ prefix, pool, beginning }, redis, logger)
    : undefined
}

/** Longest that one blocking take waits: a drain is noticed within it. */
const longestWaitSeconds = 1
/** Pause after a wait that failed, as when Redis is away. */
const pauseMs = 100
