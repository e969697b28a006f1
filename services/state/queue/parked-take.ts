import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { connectAnother } from '#services/platform/redis/connect'
import { ticketMarker } from './bullmq-scripts.ts'
import { openLine, type Beginning, type Lock, type TakenTicket } from './redis-line.ts'

/** Takes that wait in Redis for their ticket. */
export interface ParkedTakes {
  /** The ticket that comes next, or that is there; `undefined` when none came for a while. Waits for nothing where `isOpen` says no. */
  take(
    lock: Lock,
    now: () => number,
    limits: ReadonlyMap<string, number>,
    isOpen: () => boolean,
  ): Promise<TakenTicket | undefined>
  /** Lets the take that waits now run at once. */
  rouse(): void
  /** Begins anew with a new connection; the take that waits fails. */
  reset(): void
  close(): void
}

/** Which pool's tickets are taken, and how their legs are begun. */
export interface ParkedTakesOptions {
  readonly prefix: string
  readonly pool: string
  readonly beginning: Beginning
}

/** What the connection is known by, and how far our clock is ahead of the server's. */
interface Acquaintance {
  readonly clientId: number
  readonly aheadMs: number
  readonly madeAt: number
}

/** How long Redis keeps a take. */
const longestWaitSeconds = 1
/** Clocks drift by less than a millisecond in this time. */
const acquaintedMs = 30_000
/** What took longer says little of Redis' clock: it serves once. */
const promptMs = 20
/** A word to Redis can overtake the take that it is to rouse, which goes out at the end of a turn. */
const rousedAgainMs = 20

/**
 * Sends the take right behind the command that waits for a ticket, on a connection of their own: Redis runs it in the step that ends the
 * waiting, so that a leg is at its worker after one message instead of three. What it takes it takes by the clock of that moment.
 */
export function openParkedTakes(options: ParkedTakesOptions, redis: Redis, logger: Logger): ParkedTakes {
  const { prefix, pool, beginning } = options
  const open = (): Redis => {
    const opened = connectAnother(redis) as Redis
    opened.on('close', () => {
      if (opened === connection) known = undefined
    })
    return opened
  }
  let known: Acquaintance | undefined
  let parked = false
  let connection = open()
  let line = openLine(prefix, pool, connection, beginning)
  const marker = ticketMarker(prefix, pool)

  const acquaint = async (now: () => number): Promise<Acquaintance> => {
    if (known !== undefined && Math.abs(now() - known.madeAt) < acquaintedMs) return known
    const askedAt = now()
    const [clientId, time] = await Promise.all([connection.client('ID'), connection.time()])
    const [seconds = 0, microseconds = 0] = time.map(Number)
    // From before it was asked, so that lateness of any kind makes our time seem early: what is late is seen once it is here.
    const aheadMs = askedAt - seconds * 1000 - Math.floor(microseconds / 1000)
    const isPrompt = now() - askedAt < promptMs
    known = { clientId, aheadMs, madeAt: isPrompt ? askedAt : Number.NEGATIVE_INFINITY }
    return known
  }

  const unblock = (): void => {
    if (!parked || known === undefined) return
    redis.client('UNBLOCK', known.clientId).catch(() => {
      // It ends by itself within the longest wait.
    })
  }

  return {
    async take(lock, now, limits, isOpen) {
      try {
        const { aheadMs } = await acquaint(now)
        if (!isOpen()) return undefined
        parked = true
        const waited = connection.bzpopmin(marker, longestWaitSeconds)
        const taken = line.take(lock, now, limits, aheadMs)
        // What was taken counts, whatever became of the waiting.
        const [wait, take] = await Promise.allSettled([waited, taken])
        if (take.status === 'rejected') throw take.reason
        if (take.value === undefined && wait.status === 'rejected') throw wait.reason
        return take.value
      } finally {
        parked = false
      }
    },
    rouse() {
      unblock()
      setTimeout(unblock, rousedAgainMs).unref()
    },
    reset() {
      logger.debug({ pool }, 'the connection of waiting takes is made anew')
      connection.disconnect()
      known = undefined
      connection = open()
      line = openLine(prefix, pool, connection, beginning)
    },
    close() {
      connection.disconnect()
    },
  }
}
