import type { Clock } from '#services/contract/clock'
import { parseLegId } from '#services/contract/ids'
import type { AdmissionQueue } from '#services/router/lifecycle/admission-queue'
import type { Stages } from '#services/router/pipeline/handle-request'
import type { PutObserver } from '#services/router/pools/fleet-watch'

/** How requests wait for their turns and give them back. */
export function turnsOf(
  admission: AdmissionQueue,
  clock: Clock,
): Required<Pick<Stages<unknown>, 'awaitTurn' | 'endTurn'>> {
  return {
    awaitTurn({ connection = '', callDeadlineAt = Infinity }, { requestId, caller, deadlineAt }, signal) {
      const leftMs = Math.min(callDeadlineAt, deadlineAt) - clock.now()
      return admission.enter({ tenant: caller.tenant, connection, requestId, leftMs }, signal)
    },
    endTurn: admission.leave,
  }
}

/** Ends the turn of a request when its leg is in its queue, or was refused. */
export function endTurnAfter(admission: AdmissionQueue): PutObserver {
  return async (_pool, job, put) => {
    try {
      return await put()
    } finally {
      const requestId = parseLegId(job.legId)?.requestId
      if (requestId !== undefined) admission.leave(requestId)
    }
  }
}
