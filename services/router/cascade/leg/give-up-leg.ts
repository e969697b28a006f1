import { parseLegId, type LegId } from '#services/contract/ids'
import type { LegOrder, RunLegDependencies } from './leg-order.ts'
import { outOfTime } from './never-run.ts'

/** A worker that stops a leg when its time is over has told of it within this; one that is inside an operator cannot. */
const toldWithinMs = 300

/**
 * Gives a leg up whose time is over though its caller's is not: another rung is to have what is left. In line it is taken out; at work its worker stops
 * it by itself, and where that is not heard of, its end is written in the worker's place.
 */
export async function giveUpLeg(
  { course, rung }: Pick<LegOrder, 'course' | 'rung'>,
  legId: LegId,
  { queue, climbLog, mail, desk, clock }: RunLegDependencies,
): Promise<void> {
  if (await queue.remove(rung.model.pool, legId)) {
    desk.deliver({ kind: 'leg-ended', legId, attempt: 0, end: outOfTime(0, clock.now()) })
    return
  }
  await new Promise(resolve => {
    setTimeout(resolve, toldWithinMs)
  })
  const place = parseLegId(legId)
  if (place === undefined || !desk.isAwaited(legId)) return
  const state = await climbLog.read(place.requestId)
  const leg = state?.legs.find(one => one.index === place.index)
  if (leg === undefined || leg.attempt === 0 || leg.end !== undefined) return
  const end = outOfTime(leg.attempt + 1, clock.now())
  if (!(await climbLog.abandonLeg(legId, leg.attempt, end, course.epoch))) return
  desk.deliver({ kind: 'leg-ended', legId, attempt: leg.attempt + 1, end })
  if (leg.workerId !== undefined) await mail.send(leg.workerId, { kind: 'cancel', legId })
}
