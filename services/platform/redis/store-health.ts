import { performance } from 'node:perf_hooks'
import type { Logger } from 'pino'
import { every } from '#services/platform/process/every'
import { Cluster } from 'ioredis'
import type { RedisConnection } from './connect.ts'
import { loadScript, runScript } from './script.ts'
import { tagsOfMasters } from './cluster/slot-tags.ts'
import type { StoreClock } from './store-clock.ts'
import { refusalOf } from './store-refusal.ts'

/** Whether Redis can be used now, by a write and its answer each second. */
export interface StoreHealth {
  /** Why it cannot: `redis`, with what it says; `undefined` while it can. */
  readonly fault: string | undefined
  /** Epoch ms since when it can, after it could not; 0 when it always could. */
  readonly usableSince: number
  /** Whether the machine's clock is further from Redis' than it may be. */
  readonly isClockOff: boolean
  stop(): Promise<void>
}

/** What to check. */
export interface StoreHealthOptions {
  readonly prefix: string
  /**
   * Hash tag of the server whose clock is taken. On a cluster every other master is looked at too: any of them has
   * keys of ours.
   */
  readonly tag: string
}

/** What looking needs. */
export interface StoreHealthDependencies {
  readonly redis: RedisConnection
  readonly clock: StoreClock
  readonly logger: Logger
}

const probe = loadScript(import.meta.url, 'lua/probe.lua')
const pollEveryMs = 1000
const probeTtlMs = 60_000
/** A clock that is further off is reported. */
const mostAheadMs = 1000

/** Checks once, and each second from then on; reads Redis' clock along. */
export async function watchStore(
  { prefix, tag }: StoreHealthOptions,
  { redis, clock, logger }: StoreHealthDependencies,
): Promise<StoreHealth> {
  let fault: string | undefined
  let clockWasOff = false
  let usableSince = 0

  const ask = async (asked: string): Promise<number> => {
    const reply = await runScript(redis, probe, [`${prefix}:{${asked}}:probe`], [probeTtlMs])
    const [seconds = 0, microseconds = 0] = Array.isArray(reply) ? reply.map(Number) : []
    return seconds * 1000 + microseconds / 1000
  }
  const isClockOff = (): boolean => Math.abs(clock.aheadMs) > mostAheadMs
  const check = async (): Promise<void> => {
    const askedMs = performance.now()
    const others = redis instanceof Cluster ? tagsOfMasters(redis) : []
    const readings = [tag, ...others].map(async asked => ({ storeMs: await ask(asked), answeredMs: performance.now() }))
    const [first] = await Promise.all(readings)
    if (first !== undefined) clock.read(first.storeMs, askedMs, first.answeredMs)
  }
  const turn = async (): Promise<void> => {
    let found: string | undefined
    try {
      await check()
    } catch (error) {
      found = refusalOf(error) ?? 'away'
    }
    if (found !== fault) {
      if (found === undefined) {
        usableSince = clock.now()
        logger.info('Redis is available again')
      } else logger.error({ fault: found }, 'Redis is unavailable')
    }
    fault = found
    if (isClockOff() !== clockWasOff) {
      clockWasOff = isClockOff()
      const aheadMs = Math.round(clock.aheadMs)
      if (clockWasOff) logger.error({ aheadMs }, "this machine's clock is off; the time of Redis is used")
      else logger.info({ aheadMs }, "this machine's clock is right again")
    }
  }
  await turn()
  const turns = every(pollEveryMs, turn, error => logger.error({ err: error }, 'Redis could not be checked'))
  return {
    get fault() {
      return fault ?? (redis.status === 'ready' ? undefined : 'away')
    },
    get usableSince() {
      return usableSince
    },
    get isClockOff() {
      return isClockOff()
    },
    stop: () => turns.stop(),
  }
}
