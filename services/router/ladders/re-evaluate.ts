import type { Clock } from '#services/contract/clock'
import { maxNanoUsd, type NanoUsd } from '#services/contract/money'
import { priorityRanks } from '#services/state/queue/job'
import type { EvaluateRungs } from '#services/router/choose/evaluate-rungs'
import { answerByOf, type Cascade } from '#services/router/cascade/cascade'
import { filterNames, type CandidateRung } from '#services/router/request/states'

/** Evaluates a cascade's ladder again, with the time and money that are left. */
export type Reevaluate = (cascade: Cascade, spentNanoUsd: NanoUsd, hasAnswer: boolean) => readonly CandidateRung[]

/** Makes the evaluation out of the one that chose. */
export function createReevaluate(
  evaluateRungs: EvaluateRungs,
  clock: Clock,
  isPaid: (tenant: string) => boolean,
): Reevaluate {
  return ({ request, plan, guided, estimate, modalities, views }, spentNanoUsd, hasAnswer) => {
    const nowMs = clock.now()
    const planned = new Map(plan.rungs.map(rung => [rung.name, rung]))
    const leftOut = new Map(plan.leftOut?.map(one => [one.name, one]))
    const candidateRungs = evaluateRungs({
      ladder: guided.ladder,
      estimate,
      modalities,
      ...(views === undefined ? {} : { views }),
      // What a rung cannot do was seen before the plan was made, and no rung beside those of the plan is called.
      needs: [],
      pin: request.constraints,
      mode: request.mode,
      nowMs,
      // Its caller may have run out of time before it has an answer; the callers that wait, or ask again, use the rest.
      deadlineAt: hasAnswer || nowMs < answerByOf(request) ? answerByOf(request) : request.deadlineAt,
      turn: { priority: priorityRanks[request.constraints.priority], tenant: request.tenant },
      task: request.task,
      options: request.options,
      work: request.work,
      hasAnswer,
      moneyLeftNanoUsd: plan.heldNanoUsd - spentNanoUsd,
      priceOf: rung => planned.get(rung.name)?.price ?? rung.model.price,
      // What is not paid for cannot be called.
      reserveOf: rung => ({ nanoUsd: planned.get(rung.name)?.reserveNanoUsd ?? maxNanoUsd }),
      isPaid: isPaid(request.tenant),
    })
    // A rung that was left out for another reason has no money held, which is not what keeps it from being called.
    return candidateRungs.map(one => {
      const left = one.removedBy === 'cost' ? leftOut.get(one.rung.name) : undefined
      const removedBy = filterNames.find(name => name === left?.by)
      return left === undefined || removedBy === undefined ? one : { ...one, removedBy, removedWhy: left.why }
    })
  }
}
