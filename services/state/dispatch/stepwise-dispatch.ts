import type { CascadeLog } from '#services/state/cascade-log/cascade-log'
import type { Ledger } from '#services/state/ledger/ledger'
import type { JobProducer } from '#services/state/queue/pool-queue'
import type { Dispatch } from './dispatch.ts'
import type { ExpressLegs } from './express-legs.ts'

/** The ports that one dispatch changes. */
export interface StepwiseDispatchDependencies {
  readonly ledger: Pick<Ledger, 'reserve'>
  readonly cascadeLog: Pick<CascadeLog, 'open'>
  readonly queue: Pick<JobProducer, 'add'>
  readonly express: Pick<ExpressLegs, 'begin'>
}

/**
 * Makes the dispatch that asks one port after the other, for stores whose keys lie on several servers. Where it
 * stops half-way, the caller settles the hold, and another router ends the cascade when its lease is over.
 */
export function createStepwiseDispatch({ ledger, cascadeLog, queue, express }: StepwiseDispatchDependencies): Dispatch {
  return {
    async dispatch({ hold, request, plan, firstLeg, owner, job, express: here }) {
      const reservation = hold && (await ledger.reserve({ ...hold, offers: hold.offers.slice(0, 1) }))
      if (reservation !== undefined && reservation.kind !== 'held')
        return { kind: 'not-held', reason: reservation.kind }
      if (!(await cascadeLog.open(request, plan, firstLeg, owner))) return { kind: 'refused' }
      const shadowed = reservation?.shadowed ?? []
      const { pool } = firstLeg
      if (here !== undefined) {
        return { kind: 'express', begun: await express.begin({ pool, job, owner, ...here }), shadowed }
      }
      await queue.add(pool, job)
      return { kind: 'queued', shadowed }
    },
  }
}
