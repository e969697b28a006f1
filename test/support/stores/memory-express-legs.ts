import type { LegId } from '#services/contract/ids'
import type { CascadeLog } from '#services/state/cascade-log/cascade-log'
import type { ExpressLegs } from '#services/state/dispatch/express-legs'
import type { MemoryQueue } from './memory-queue.ts'

/** Express legs in memory that keep the promises of those in Redis; the contract suite holds them to it. */
export function createMemoryExpressLegs({
  cascadeLog,
  queue,
}: {
  readonly cascadeLog: CascadeLog
  readonly queue: MemoryQueue
}): ExpressLegs {
  const leases = new Map<LegId, { readonly pool: string; until: number }>()
  const free = (legId: LegId): void => {
    const lease = leases.get(legId)
    if (lease !== undefined) queue.vacate(lease.pool, legId)
    leases.delete(legId)
  }
  return {
    async begin({ pool, job, concurrency, owner }) {
      for (const [legId, { until }] of leases) if (until <= Date.now()) free(legId)
      const { waiting, batches } = await queue.backlog(pool)
      if (waiting > 0 || batches >= concurrency) return { kind: 'busy' }
      leases.set(job.legId, { pool, until: owner.leaseUntil })
      queue.occupy(pool, job)
      const begun = await cascadeLog.beginLeg(job.legId, owner.name, job.enqueuedAt)
      if (begun.kind !== 'run') free(job.legId)
      return begun
    },
    async end(_pool, legId, end) {
      free(legId)
      return cascadeLog.endLeg(legId, end.receipt.attempt, end)
    },
    async leave(_pool, legId, { attempt, costNanoUsd }) {
      free(legId)
      await cascadeLog.leaveReceipt(legId, attempt, costNanoUsd)
    },
    async renew(slots, leaseUntil) {
      for (const legId of slots.keys()) {
        const lease = leases.get(legId)
        if (lease !== undefined) lease.until = leaseUntil
      }
    },
  }
}
