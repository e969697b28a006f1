import type { Logger } from 'pino'
import type { ClimbLog, Owner } from '../../shared/climb/climb-log.ts'
import type { RequestId } from '../../shared/contract/ids.ts'

/** Keeps this router's climbs its own: renews their leases, and tells a climb when another router has taken it. */
export interface Leases {
  /** Keeps a lease that was just taken; the signal aborts when it is lost. */
  keep(requestId: RequestId): AbortSignal
  release(requestId: RequestId): void
  /** Renews all; to be called several times within a lease. */
  renew(): Promise<void>
  readonly size: number
}

/** Makes the keeper. A renewal that fails because Redis is away is tried again at the next turn; the epoch fences what was lost meanwhile. */
export function createLeases(climbLog: ClimbLog, owner: () => Owner, logger: Logger): Leases {
  const kept = new Map<RequestId, AbortController>()
  return {
    keep(requestId) {
      const controller = new AbortController()
      kept.set(requestId, controller)
      return controller.signal
    },
    release(requestId) {
      kept.delete(requestId)
    },
    async renew() {
      if (kept.size === 0) return
      const lost = await climbLog.renew([...kept.keys()], owner())
      for (const requestId of lost) {
        const controller = kept.get(requestId)
        if (controller === undefined) continue
        kept.delete(requestId)
        logger.warn({ requestId }, 'another router has taken this climb')
        controller.abort()
      }
    },
    get size() {
      return kept.size
    },
  }
}
