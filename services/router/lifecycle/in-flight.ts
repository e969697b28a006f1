import type { Logger } from 'pino'
import { GatewayError } from '#services/contract/errors'

/** What this router carries at once. */
export interface InFlight {
  /** Lets a call in; the function given back lets it go. @throws GatewayError Overloaded when there is no room */
  enter(): () => void
  /** Carries climbs whose caller does not wait. */
  background(logger: Logger): (climbing: Promise<unknown>) => void
  readonly count: number
  /** How many more could be carried. */
  readonly room: number
  /** Resolves when nothing is carried any more, or after `timeoutMs`. */
  empty(timeoutMs: number): Promise<void>
}

const lookEveryMs = 20

/** Counts calls and background climbs together against one limit. */
export function createInFlight(most: number): InFlight {
  let count = 0
  return {
    enter() {
      if (count >= most) {
        throw new GatewayError('Overloaded', 'the router carries as many requests as it may', {
          reason: 'IN_FLIGHT_FULL',
          retryAfterMs: 1000,
        })
      }
      count += 1
      let left = false
      return () => {
        if (!left) count -= 1
        left = true
      }
    },
    background: logger => climbing => {
      count += 1
      climbing
        .catch((error: unknown) =>
          logger.warn({ err: error }, 'a climb in the background ended early; its lease tells the next router'),
        )
        .finally(() => {
          count -= 1
        })
    },
    get count() {
      return count
    },
    get room() {
      return Math.max(0, most - count)
    },
    async empty(timeoutMs) {
      const untilAt = Date.now() + timeoutMs
      while (count > 0 && Date.now() < untilAt) {
        await new Promise(resolve => {
          setTimeout(resolve, lookEveryMs)
        })
      }
    },
  }
}
