import type { ClimbLog } from '#services/state/cascade-log/cascade-log'
import type { Clock } from '#services/contract/clock'
import { legIdOf, type RequestId } from '#services/contract/ids'
import type { MailSender } from '#services/state/replies/mailbox'
import type { JobProducer } from '#services/state/queue/pool-queue'
import { neverRun } from './never-run.ts'

/** What calling a cascade off needs. */
export interface CallOffDependencies {
  readonly climbLog: ClimbLog
  readonly queue: JobProducer
  readonly mail: MailSender
  readonly clock: Clock
}

/**
 * Cancels a cascade's legs: the waiting are taken out of their queues, the running are told to stop. Where another
 * router runs the cascade (`ownerBox`), it hears of the legs that nobody will report. False when there is no such
 * cascade or it has ended.
 */
export async function callOff(
  requestId: RequestId,
  { climbLog, queue, mail, clock }: CallOffDependencies,
  ownerBox?: string,
): Promise<boolean> {
  const legs = await climbLog.cancel(requestId)
  if (legs === undefined) return false
  await Promise.all(
    legs.map(async leg => {
      if (leg.end !== undefined) return
      const legId = legIdOf(requestId, leg.index)
      if (leg.workerId !== undefined) return mail.send(leg.workerId, { kind: 'cancel', legId })
      await queue.remove(leg.pool, legId)
      if (ownerBox === undefined) return
      const end = neverRun('cancelled', clock.now())
      await mail.send(ownerBox, { kind: 'leg-ended', legId, attempt: leg.attempt, end })
    }),
  )
  return true
}
