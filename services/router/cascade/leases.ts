import type { Logger } from 'pino'
import type { CascadeLog, Owner } from '#services/state/cascade-log/cascade-log'
import type { RequestId } from '#services/contract/ids'

/** Renews the leases of this router's cascades, and notifies a cascade that another router has taken. */
export interface Leases {
  /**
   * Keeps a lease that was just taken; the signal aborts when it is lost. `movable`: no caller of this router waits
   * for it. `taken` is false of one that is still to be taken: it is renewed from `begin` on.
   */
  keep(requestId: RequestId, movable: boolean, taken?: boolean): AbortSignal
  begin(requestId: RequestId): void
  /** Gives the movable cascades to whichever router takes them next. */
  handOver(): Promise<void>
  release(requestId: RequestId): void
  /** Renews all; to be called several times within a lease. */
  renew(): Promise<void>
  readonly size: number
}

/**
 * Makes the keeper. A renewal that fails because Redis is away is tried again at the next turn; the epoch fences
 * what was lost meanwhile.
 */
export function createLeases(cascadeLog: CascadeLog, owner: () => Owner, logger: Logger): Leases {
  const kept = new Map<RequestId, AbortController>()
  const coming = new Map<RequestId, AbortController>()
  const movable = new Set<RequestId>()
  const drop = (requestId: RequestId): AbortController | undefined => {
    const controller = kept.get(requestId)
    kept.delete(requestId)
    coming.delete(requestId)
    movable.delete(requestId)
    return controller
  }
  return {
    keep(requestId, canMove, taken = true) {
      const controller = new AbortController()
      if (taken) kept.set(requestId, controller)
      else coming.set(requestId, controller)
      if (canMove) movable.add(requestId)
      return controller.signal
    },
    begin(requestId) {
      const controller = coming.get(requestId)
      if (controller !== undefined) kept.set(requestId, controller)
      coming.delete(requestId)
    },
    release(requestId) {
      drop(requestId)
    },
    async handOver() {
      const ids = [...movable]
      const controllers = ids.map(drop)
      if (ids.length > 0) await cascadeLog.renew(ids, { name: owner().name, leaseUntil: 0 })
      for (const controller of controllers) controller?.abort()
    },
    async renew() {
      if (kept.size === 0) return
      const lost = await cascadeLog.renew([...kept.keys()], owner())
      for (const requestId of lost) {
        const controller = drop(requestId)
        if (controller === undefined) continue
        logger.warn({ requestId }, 'another router has taken this cascade')
        controller.abort()
      }
    },
    get size() {
      return kept.size
    },
  }
}
