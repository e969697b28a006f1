import type { CascadeLog } from '#services/state/cascade-log/cascade-log'
import type { Clock } from '#services/contract/clock'
import { legIdOf, type RequestId } from '#services/contract/ids'
import type { ReplySender } from '#services/state/replies/reply-stream'
import type { JobProducer } from '#services/state/queue/pool-queue'
import { neverRun } from './never-run.ts'

/** What calling a cascade off needs. */
export interface CancelLegsDependencies {
  readonly cascadeLog: CascadeLog
  readonly queue: JobProducer
  readonly replySender: ReplySender
  readonly clock: Clock
}

/**
 * Cancels a cascade's legs: the waiting are taken out of their queues, the running are told to stop. Where another
 * router runs the cascade (`ownerBox`), it hears of the legs that nobody will report. False when there is no such
 * cascade or it has ended.
 */
export async function cancelLegs(
  requestId: RequestId,
  { cascadeLog, queue, replySender, clock }: CancelLegsDependencies,
  ownerBox?: string,
): Promise<boolean> {
  const legs = await cascadeLog.cancel(requestId)
  if (legs === undefined) return false
  await Promise.all(
    legs.map(async leg => {
      if (leg.end !== undefined) return
      const legId = legIdOf(requestId, leg.index)
      if (leg.workerId !== undefined) return replySender.send(leg.workerId, { kind: 'cancel', legId })
      await queue.remove(leg.pool, legId)
      if (ownerBox === undefined) return
      const end = neverRun('cancelled', clock.now())
      await replySender.send(ownerBox, { kind: 'leg-ended', legId, attempt: leg.attempt, end })
    }),
  )
  return true
}
