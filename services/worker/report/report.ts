import type { Logger } from 'pino'
import type { CascadeLog, LegEnd, LegFailure, Receipt } from '#services/state/cascade-log/cascade-log'
import type { Clock } from '#services/contract/clock'
import { isGatewayError } from '#services/contract/errors'
import type { Usage } from '#services/contract/price'
import type { ReplySender } from '#services/state/replies/reply-stream'
import type { TakenJob } from '#services/state/queue/pool-queue'
import { legEndOf } from '#services/backends/leg/leg-end'
import type { Outcome } from '#services/backends/work'
import { receiptGraceMs, reportRetryMs } from '#services/worker/timings'

/** What reporting needs. */
export interface ReportDependencies {
  readonly cascadeLog: CascadeLog
  readonly replySender: ReplySender
  readonly clock: Clock
  readonly logger: Logger
  readonly workerId: string
  readonly sleep: (ms: number) => Promise<void>
}

/** A leg that this worker began. */
export interface BegunLeg {
  readonly taken: TakenJob
  readonly attempt: number
  readonly startedAt: number
}

/**
 * Reports how a leg ended: first the log (end and receipt in one step, and the messages where it can be), then the
 * messages, then the queue. A worker that dies after any of them leaves nothing behind that is not mended: unlogged,
 * the leg is redelivered; unmailed, the router reads the log; unqueued, the redelivered leg is found ended.
 */
export async function report(leg: BegunLeg, outcome: Outcome, dependencies: ReportDependencies): Promise<LegEnd> {
  const { cascadeLog, replySender, clock, logger, workerId, sleep } = dependencies
  const { job } = leg.taken
  const end = legEndOf({ ...leg, job: leg.taken.job }, outcome, clock.now(), workerId)
  const giveUpAt = job.deadlineAt + receiptGraceMs
  for (;;) {
    try {
      const notice = replySender.noticeOf?.(job.replyTo, job.legId, leg.attempt)
      const written = await cascadeLog.endLeg(job.legId, leg.attempt, end, notice)
      if (written === 'recorded' && notice === undefined)
        await replySender.send(job.replyTo, { kind: 'leg-ended', legId: job.legId, attempt: leg.attempt, end })
      break
    } catch (error) {
      if (!isGatewayError(error)) throw error
      // A lock that ran out meanwhile changes nothing: the log takes the end of the attempt that is in force, and of
      // another its cost.
      if (clock.now() > giveUpAt) {
        logger.warn({ legId: job.legId }, 'a report could not be written in time; the leg is redelivered')
        await leg.taken.giveBack()
        return end
      }
      await sleep(reportRetryMs)
    }
  }
  await leg.taken.done()
  return end
}

/**
 * Leaves the receipt of a leg whose lock was lost: what was used is owed by somebody. One try: without it, the leg is
 * billed by its reserve.
 */
export async function recordLost(leg: BegunLeg, outcome: Outcome, dependencies: ReportDependencies): Promise<void> {
  const { cascadeLog, clock, logger, workerId } = dependencies
  const { legId } = leg.taken.job
  try {
    const { receipt } = legEndOf({ ...leg, job: leg.taken.job }, outcome, clock.now(), workerId)
    await cascadeLog.leaveReceipt(legId, leg.attempt, receipt.costNanoUsd)
  } catch (error) {
    logger.debug({ legId, err: error }, 'the receipt of a lost leg could not be written')
  }
}

/** Notifies the router that a leg will not run here, where no attempt is there to end it by. */
export async function reportUnrun(
  taken: TakenJob,
  reason: LegFailure,
  { replySender, clock, workerId }: ReportDependencies,
): Promise<void> {
  const { legId, replyTo } = taken.job
  const nowMs = clock.now()
  const receipt: Receipt = { usage: none, costNanoUsd: 0, workerId, attempt: 0, startedAt: nowMs, endedAt: nowMs }
  const end: LegEnd = { kind: 'failed', reason, message: 'it was not wanted any more when its turn came', receipt }
  await replySender.send(replyTo, { kind: 'leg-ended', legId, attempt: 0, end })
  await taken.done()
}

const none: Usage = {}
