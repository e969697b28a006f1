import type { Logger } from 'pino'
import type { JobConsumer, TakenBatch, WatchableConsumer } from '#services/state/queue/pool-queue'
import { askedWithinMs, starvedAfterMs, takeSlackMs } from '#services/worker/timings'

/** Why taking was begun again: a take did not come back, or brought nothing although legs wait. */
export type TakeFault = 'hung' | 'starved'

/** Every fault, for what counts them. */
export const takeFaults: readonly TakeFault[] = ['hung', 'starved']

/** How takes are watched. */
export interface WatchOptions {
  readonly pool: string
  /** Longest that one command to Redis may take. */
  readonly commandTimeoutMs: number
  /** The models that can be served now. */
  readonly models: () => readonly string[]
}

/** What watching needs. */
export interface WatchDependencies {
  readonly logger: Logger
  readonly observe: (fault: TakeFault) => void
}

/** A consumer whose takes always come back. */
export interface WatchedConsumer extends JobConsumer {
  /** Whether the last take worked, be it that it brought nothing. */
  readonly canTake: boolean
  /** Checks whether legs wait that nobody takes here; to be called each second. */
  check(): Promise<void>
}

/**
 * Watches a consumer: a take that does not come back in time fails, and what it brings later is given back; loops
 * that take nothing while legs wait are noticed. Both are logged, counted, and answered with new connections.
 */
export function watchTakes(
  inner: WatchableConsumer,
  { pool, commandTimeoutMs, models }: WatchOptions,
  { logger, observe }: WatchDependencies,
): WatchedConsumer {
  let canTake = true
  let askedAt = Number.NEGATIVE_INFINITY
  /** When legs were first seen to wait since something was last taken. */
  let waitingSince: number | undefined

  const restart = (fault: TakeFault): void => {
    waitingSince = undefined
    observe(fault)
    logger.error({ pool, fault }, 'taking legs has come to a standstill; it starts again')
    inner.restart()
  }

  const within = async (taking: Promise<TakenBatch | undefined>, mostMs: number): Promise<TakenBatch | undefined> => {
    let timer: NodeJS.Timeout | undefined
    let over = false
    const hung = new Promise<never>((_, reject) => {
      // Timers come before what can be read in a turn of the loop, immediates after it.
      timer = setTimeout(() => setImmediate(() => over || reject(new HungTake())), mostMs)
    })
    try {
      return await Promise.race([taking, hung])
    } catch (error) {
      if (error instanceof HungTake) {
        restart('hung')
        taking.then(giveBack, ignore)
      }
      throw error
    } finally {
      over = true
      clearTimeout(timer)
    }
  }

  return {
    interrupt: inner.interrupt,
    close: inner.close,
    async take(waitMs, limits, isOpen) {
      askedAt = performance.now()
      try {
        const mostMs = Math.max(1000, waitMs) + 3 * commandTimeoutMs + takeSlackMs
        const batch = await within(inner.take(waitMs, limits, isOpen), mostMs)
        canTake = true
        if (batch !== undefined) waitingSince = undefined
        return batch
      } catch (error) {
        canTake = false
        throw error
      } finally {
        askedAt = performance.now()
      }
    },
    get canTake() {
      return canTake
    },
    async check() {
      const now = performance.now()
      const isIdle = now - askedAt < askedWithinMs
      const waiting = isIdle ? await inner.waitingModels() : new Set<string>()
      if (!models().some(model => waiting.has(model))) waitingSince = undefined
      else waitingSince ??= now
      if (waitingSince !== undefined && now - waitingSince > starvedAfterMs) restart('starved')
    },
  }
}

class HungTake extends Error {
  constructor() {
    super('a take did not come back')
  }
}

async function giveBack(batch: TakenBatch | undefined): Promise<void> {
  await Promise.all((batch?.legs ?? []).map(leg => leg.giveBack()))
}

/** A take that failed late has been given up before. */
function ignore(): void {}
