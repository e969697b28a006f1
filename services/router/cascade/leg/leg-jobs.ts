import type { LegId } from '#services/contract/ids'
import type { Recipe, Rung } from '#services/contract/model'
import { conversationFor, modalitiesTaken } from '#services/contract/media/views'
import { withoutAbsent } from '#services/contract/without-absent'
import { envelopeVersion, priorityRanks, type Job } from '#services/state/queue/job'
import type { Cascade } from '../cascade.ts'
import { endOfLeg, type LegOrder, type RunLegDependencies } from './leg-order.ts'

/** Makes the job of a leg: what the queue carries for it. */
export type JobOf = (order: LegOrder, legId: LegId, traceparent: string | undefined) => Job

/** Makes the jobs of one cascade. */
export function createLegJobs(
  cascade: Pick<Cascade, 'request' | 'estimate' | 'plan'>,
  { clock, replyTo, predictLeg }: Pick<RunLegDependencies, 'clock' | 'replyTo' | 'predictLeg'>,
): JobOf {
  const { request, estimate, plan } = cascade
  return (order, legId, traceparent) => {
    const { rung, stopAt = Infinity, relay, reserveNanoUsd } = order
    const planned = plan.rungs.find(one => one.name === rung.name)
    const deadlineAt = Math.min(stopAt, endOfLeg(cascade, order))
    return {
      version: envelopeVersion,
      legId,
      tenant: request.tenant,
      model: rung.model.name,
      rung: rung.name,
      recipe: recipeOf(rung, request.constraints.adapter),
      task: request.task,
      options: request.options,
      work: request.work,
      deadlineAt,
      ...(rung.model.longestLegMs === undefined ? {} : { longestMs: rung.model.longestLegMs }),
      priority: priorityRanks[request.constraints.priority],
      ...placeOf(predictLeg(rung, { ...request, estimate, deadlineAt }), clock.now()),
      replyTo,
      streaming: relay !== undefined,
      price: planned?.price ?? rung.model.price,
      reserveNanoUsd,
      ...(planned?.computeMs === undefined ? {} : { chargedComputeMs: planned.computeMs }),
      enqueuedAt: clock.now(),
      ...conversationFor(request, modalitiesTaken(rung)),
      ...passedOn(request, traceparent),
    }
  }
}

/** What is there or not. */
function passedOn({ tracestate, sessionKey }: Cascade['request'], traceparent: string | undefined): Partial<Job> {
  return withoutAbsent<Partial<Job>>({ traceparent, tracestate, sessionKey })
}

/** What is run against its forecast, since that may be wrong, may start until its deadline. */
function placeOf(place: ReturnType<RunLegDependencies['predictLeg']>, nowMs: number): typeof place {
  const { latestStartAt = Infinity, ...rest } = place
  return latestStartAt > nowMs ? place : rest
}

/** A request may choose among the adapters of a model; a rung's own stays. */
function recipeOf({ model, recipe }: Rung, adapter: string | undefined): Recipe {
  const chosen = adapter !== undefined && recipe.adapter === undefined && model.adapters?.includes(adapter) === true
  return chosen ? { ...recipe, adapter } : recipe
}
