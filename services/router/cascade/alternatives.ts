import type { LegState } from '#services/state/cascade-log/cascade-log'
import { deliveryMarginMs, type CandidateRung } from '#services/router/request/states'
import { answerByOf, type Cascade } from './cascade.ts'
import type { Candidates } from './leg-gate.ts'
import type { LegOrder } from './leg/leg-order.ts'
import type { TextRelay } from './leg/text-relay.ts'
import type { RunState } from './run-state.ts'

/** What a run can go on with besides a leg: until when the leg leaves time for it, and whether there is anything. */
export type AlternativesOf = (
  leg: LegState,
  relay: Pick<TextRelay, 'passed'> | undefined,
) => Pick<LegOrder, 'stopAt' | 'awaitedUntil' | 'hasAlternative'>

/**
 * Stopping a leg and enqueueing the next one takes up to this long on a busy machine; forecasts are of the leg
 * alone.
 */
const mostHandoverMs = 250
/** Of little time, no more than this share is kept for it. */
const handoverRatio = 0.1

/** Makes the view of what else one run can do. */
export function createAlternatives(
  { request, guided }: Pick<Cascade, 'request' | 'guided'>,
  state: Pick<RunState, 'answers' | 'tried'>,
  candidates: Candidates,
): AlternativesOf {
  const answerBy = answerByOf(request)
  const isOther = ({ rung, removedBy }: CandidateRung, leg: LegState): boolean =>
    removedBy === undefined && rung.name !== leg.rung && !state.tried.has(rung.name)

  /**
   * When a leg is given up so that another rung still ends in time: a caller who has no answer yet is to get a
   * cheaper one rather than none. `undefined` where there is none to leave time for, or where that time is this leg's
   * own.
   */
  const stopAtOf = (leg: LegState): number | undefined => {
    if (request.mode === 'async' || state.answers.length > 0) return undefined
    const candidateRungs = candidates()
    const needed = candidateRungs.filter(one => isOther(one, leg)).flatMap(({ sureMs }) => sureMs ?? [])
    if (needed.length === 0) return undefined
    const endAt = answerBy - deliveryMarginMs
    const handoverMs = Math.min(mostHandoverMs, Math.max(0, endAt - leg.plannedAt) * handoverRatio)
    const stopAt = endAt - handoverMs - Math.min(...needed)
    const ownMs = candidateRungs.find(({ rung }) => rung.name === leg.rung)?.neededMs ?? 0
    return leg.plannedAt + ownMs <= stopAt ? stopAt : undefined
  }

  return (leg, relay) => {
    // A ladder of one rung has nothing to leave time for, and text that streams is not given up.
    const mayStop = relay === undefined && guided.ladder.rungs.length > 1
    return {
      stopAt: mayStop ? stopAtOf(leg) : undefined,
      awaitedUntil: state.answers.length > 0 ? answerBy : undefined,
      // After the first byte the model stays; before it an answer at hand or another rung will do.
      hasAlternative: () =>
        (relay?.passed ?? 0) === 0 && (state.answers.length > 0 || candidates().some(one => isOther(one, leg))),
    }
  }
}
