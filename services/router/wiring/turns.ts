import type { Clock } from '#services/contract/clock'
import { parseLegId } from '#services/contract/ids'
import type { PendingLegs } from '#services/router/cascade/leg/pending-legs'
import { createAdmissionQueue } from '#services/router/lifecycle/admission-queue'
import type { InFlight } from '#services/router/lifecycle/in-flight'
import type { Stages } from '#services/router/pipeline/handle-request'
import type { FleetWatch, PutObserver } from '#services/router/pools/fleet-watch'
import type { RouterGauges } from '#services/router/telemetry/request-metrics'

/**
 * Requests that have their turn at once: enough to keep Redis at work, and few enough that the next of another
 * tenant waits some milliseconds.
 */
const admittedAtOnce = 32

/** How requests wait for their turns and give them back. */
export interface Turns {
  readonly stages: Required<Pick<Stages<unknown>, 'awaitTurn' | 'endTurn'>>
  /** Ends the turn of a request when its leg is in its queue, or was refused. */
  readonly endAfter: PutObserver
  /** Requests that wait. */
  readonly waiting: () => number
}

/** Builds the turns of one router. */
export function composeTurns(clock: Clock): Turns {
  const admission = createAdmissionQueue(admittedAtOnce)
  return {
    stages: {
      awaitTurn({ connection = '', callDeadlineAt = Infinity }, { requestId, caller, deadlineAt }, signal) {
        const leftMs = Math.min(callDeadlineAt, deadlineAt) - clock.now()
        return admission.enter({ tenant: caller.tenant, connection, requestId, leftMs }, signal)
      },
      endTurn: admission.leave,
    },
    async endAfter(_pool, job, put) {
      try {
        return await put()
      } finally {
        const requestId = parseLegId(job.legId)?.requestId
        if (requestId !== undefined) admission.leave(requestId)
      }
    },
    waiting: () => admission.waiting,
  }
}

/** What a router shows of what it carries. */
export function gaugesOf(inFlight: InFlight, turns: Turns, pendingLegs: PendingLegs, fleet: FleetWatch): RouterGauges {
  return {
    inFlight: () => inFlight.count,
    admissionWaiting: turns.waiting,
    awaitedLegs: () => pendingLegs.size,
    poolsWaiting: () => fleet.waiting,
  }
}
