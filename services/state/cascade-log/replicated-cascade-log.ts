import type { Clock } from '#services/contract/clock'
import type { Replication } from '#services/platform/redis/replication'
import { createCascadeKeys } from './cascade-keys.ts'
import type { CascadeLog, CascadeRequest } from './cascade-log.ts'

/** What it needs beside the log. */
export interface ReplicatedLogDependencies {
  readonly prefix: string
  readonly replication: Replication
  readonly clock: Clock
}

/**
 * A log in which a cascade that somebody may come back for is open only when a replica has it too, where there are
 * replicas. One that cannot be made so safe is ended again: its caller hears UNAVAILABLE, and nobody is to run it.
 */
export function createReplicatedLog(
  log: CascadeLog,
  { prefix, replication, clock }: ReplicatedLogDependencies,
): CascadeLog {
  const keys = createCascadeKeys(prefix)
  return {
    ...log,
    async open(request, plan, firstLeg, owner) {
      const opened = await log.open(request, plan, firstLeg, owner)
      if (!opened || !isAccepted(request)) return opened
      try {
        await replication.confirm(keys.cascade(request.requestId))
      } catch (error) {
        await log.finish(request.requestId, { kind: 'cancelled', rungs: [] }, 1, clock.now()).catch(() => {
          // It is gone with its server, or another router ends it when its lease is over.
        })
        throw error
      }
      return true
    },
  }
}

/** A caller gets a job before it has run; a request with a key may be sent again. */
function isAccepted({ mode, idempotent }: CascadeRequest): boolean {
  return mode === 'async' || idempotent
}
