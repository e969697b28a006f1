import type { LegState } from '#services/state/cascade-log/cascade-log'
import { deliveryMarginMs, type Considered } from '#services/router/request/states'
import { answerByOf, type Course } from './course.ts'
import type { LegOrder } from './leg/leg-order.ts'
import type { TextRelay } from './leg/text-relay.ts'
import type { Trail } from './trail.ts'

/** A leg about to be run, and how its ladder is looked at. */
export interface LegOnItsWay {
  readonly course: Pick<Course, 'request' | 'guided'>
  readonly trail: Trail
  readonly leg: LegState
  readonly look: () => readonly Considered[]
}

/** What a climb can go on with besides a leg: until when the leg leaves time for it, and whether there is anything. */
export function alternativesOf(
  { course, trail, leg, look }: LegOnItsWay,
  relay: Pick<TextRelay, 'passed'> | undefined,
): Pick<LegOrder, 'stopAt' | 'awaitedUntil' | 'hasAlternative'> {
  // A ladder of one rung has nothing to leave time for, and text that streams is not given up.
  const mayStop = relay === undefined && course.guided.ladder.rungs.length > 1
  return {
    stopAt: mayStop ? stopAtOf(course, trail, leg, look()) : undefined,
    ...(trail.called.length > 0 ? { awaitedUntil: answerByOf(course.request) } : {}),
    // After the first byte the model stays.
    hasAlternative: () => (relay?.passed ?? 0) === 0 && hasAlternative(trail, leg, look()),
  }
}

/** An answer is at hand, or another rung may be called: what a climb goes on with when this leg fails. Pure. */
function hasAlternative(trail: Trail, leg: LegState, considered: readonly Considered[]): boolean {
  return trail.called.length > 0 || otherRungs(trail, leg, considered).length > 0
}

/** Stopping a leg and putting the next one in line takes up to this long on a busy machine; forecasts are of the leg alone. */
const mostHandoverMs = 250
/** Of little time, no more than this share is kept for it. */
const handoverRatio = 0.1

/**
 * When a leg is given up so that another rung still ends in time: a caller who has no answer yet is to get a cheaper one rather than none.
 * `undefined` where there is none to leave time for, or where that time is this leg's own. Pure.
 */
function stopAtOf(
  { request }: Pick<Course, 'request'>,
  trail: Trail,
  leg: LegState,
  considered: readonly Considered[],
): number | undefined {
  if (request.mode === 'async' || trail.called.length > 0) return undefined
  const needed = otherRungs(trail, leg, considered).flatMap(({ sureMs }) => sureMs ?? [])
  if (needed.length === 0) return undefined
  const endAt = answerByOf(request) - deliveryMarginMs
  const handoverMs = Math.min(mostHandoverMs, Math.max(0, endAt - leg.plannedAt) * handoverRatio)
  const stopAt = endAt - handoverMs - Math.min(...needed)
  const ownMs = considered.find(({ rung }) => rung.name === leg.rung)?.neededMs ?? 0
  return leg.plannedAt + ownMs <= stopAt ? stopAt : undefined
}

function otherRungs({ tried }: Trail, leg: LegState, considered: readonly Considered[]): readonly Considered[] {
  return considered.filter(
    ({ rung, removedBy }) => removedBy === undefined && rung.name !== leg.rung && !tried.has(rung.name),
  )
}
