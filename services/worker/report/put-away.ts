import type { Clock } from '#services/contract/clock'
import { isGatewayError } from '#services/contract/errors'
import type { PayloadStore } from '#services/state/payloads/payload-store'
import type { TakenJob } from '#services/state/queue/pool-queue'
import type { Outcome } from '#services/backends/work'
import { putAwayRetryMs } from '#services/worker/timings'

/** What putting away needs. */
export interface PutAwayDependencies {
  readonly payloads: PayloadStore
  readonly clock: Clock
  readonly sleep: (ms: number) => Promise<void>
  /** How long a picture is kept behind the request's deadline: as long as a job that shows it. */
  readonly pictureTtlMs: number
}

/**
 * Puts the picture of an outcome among its tenant's payloads: logs and messages carry only where it lies. Where its
 * tenant has no room, the leg has failed, and what was used is owed all the same.
 */
export async function putAway(
  outcome: Outcome,
  { job, lost }: TakenJob,
  { payloads, clock, sleep, pictureTtlMs }: PutAwayDependencies,
): Promise<Outcome> {
  if (outcome.kind === 'failed' || outcome.result.output.kind !== 'image') return outcome
  const { result } = outcome
  const { output } = outcome.result
  if (output.source.kind === 'payload') return outcome
  const { bytes } = output.source
  const { usage } = result
  while (!lost.aborted && clock.now() < job.deadlineAt) {
    try {
      const payloadId = await payloads.put(job.tenant, bytes, job.deadlineAt - clock.now() + pictureTtlMs)
      const source = { kind: 'payload', payloadId, payloadBytes: bytes.byteLength } as const
      return { kind: 'done', result: { ...result, output: { ...output, source } } }
    } catch (error) {
      if (!isGatewayError(error)) throw error
      if (error.code === 'TooLarge') return { kind: 'failed', reason: 'model-error', message: error.message, usage }
      await sleep(putAwayRetryMs)
    }
  }
  return { kind: 'failed', reason: 'expired', message: 'its time was over before the picture was put away', usage }
}
