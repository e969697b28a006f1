import { parseLegId, type LegId } from '#services/contract/ids'
import type { RunLegDependencies } from './leg-order.ts'
import { outOfTime } from './never-run.ts'
import { notifyWithinMs } from '#services/router/lifecycle/timings'

/** A leg to give up. */
export interface LegToGiveUp {
  readonly legId: LegId
  readonly pool: string
  /** The cascade's, by which this router's writes are fenced. */
  readonly epoch: number
}

/**
 * Gives a leg up whose time is over though its caller's is not: another rung is to have what is left. A waiting leg
 * is taken out of its queue. A leg at work is stopped by its worker; where no end comes back, its end is written
 * in the worker's place.
 */
export async function giveUpLeg(
  { legId, pool, epoch }: LegToGiveUp,
  { queue, cascadeLog, replySender, pendingLegs, clock }: RunLegDependencies,
): Promise<void> {
  if (await queue.remove(pool, legId)) {
    pendingLegs.deliver({ kind: 'leg-ended', legId, attempt: 0, end: outOfTime(0, clock.now()) })
    return
  }
  await new Promise(resolve => {
    setTimeout(resolve, notifyWithinMs)
  })
  const place = parseLegId(legId)
  if (place === undefined || !pendingLegs.isAwaited(legId)) return
  const state = await cascadeLog.read(place.requestId)
  const leg = state?.legs.find(one => one.index === place.index)
  if (leg === undefined || leg.attempt === 0 || leg.end !== undefined) return
  const end = outOfTime(leg.attempt + 1, clock.now())
  if (!(await cascadeLog.abandonLeg(legId, leg.attempt, end, epoch))) return
  pendingLegs.deliver({ kind: 'leg-ended', legId, attempt: leg.attempt + 1, end })
  if (leg.workerId !== undefined) await replySender.send(leg.workerId, { kind: 'cancel', legId })
}
