import type { Logger } from 'pino'
import type { Clock } from '#services/contract/clock'
import type { BatchLeases } from './bullmq-batch-leases.ts'
import type { Job } from './job.ts'
import type { BegunWord, TakenBatch, TakenJob } from './pool-queue.ts'
import { readJob } from './read-job.ts'
import type { FairQueue, Taken } from './redis-fair-queue.ts'

/** A batch lease that this worker has, with the legs that it took for it. */
export interface HeldBatchLease {
  readonly token: string
  /** Opens the batch that came with it; `undefined` when there is none, and the batch lease is used up. */
  open(taken: Taken): Promise<TakenBatch | undefined>
  /** Another worker has it now. */
  lose(): void
}

/** What a batch lease is, and how it ends. */
export interface HeldBatchLeaseOptions {
  readonly id: string
  readonly token: string
  /** Lets go of the legs that were done and of the batch lease. */
  readonly complete: () => Promise<unknown>
  /** Called once, when no lock need be renewed any more. */
  readonly released: () => unknown
}

/** What holding needs. */
export interface HeldBatchLeaseDependencies {
  readonly fairQueue: FairQueue
  readonly batchLeases: BatchLeases
  readonly clock: Clock
  readonly logger: Logger
}

/** Holds a batch lease until every leg of it is released. */
export function openHeldBatchLease(
  options: HeldBatchLeaseOptions,
  dependencies: HeldBatchLeaseDependencies,
): HeldBatchLease {
  const { id, token } = options
  const { fairQueue, batchLeases, clock, logger } = dependencies
  const lost = new AbortController()
  let atWork = 0

  const quietly = async (change: () => Promise<unknown>): Promise<void> => {
    if (lost.signal.aborted) return
    await change().catch((error: unknown) => {
      // The lock runs out and the batch is redelivered; the cascade log knows which of its legs ended.
      logger.debug({ err: error, batchLease: id }, 'a leg could not be let go of')
    })
  }
  const close = async (): Promise<void> => {
    options.released()
    await quietly(options.complete)
  }
  const putBack = async (job: Job): Promise<void> => {
    if (await fairQueue.giveBack(id, job.legId)) await batchLeases.handOut(1)
  }

  const legOf = (job: Job, begun: BegunWord | undefined): TakenJob => {
    atWork += 1
    let over = false
    const letGo = async (before?: () => Promise<unknown>): Promise<void> => {
      if (over) return
      over = true
      if (before !== undefined) await quietly(before)
      atWork -= 1
      if (atWork === 0) await close()
    }
    return {
      job,
      ...(begun === undefined ? {} : { begun }),
      lost: lost.signal,
      done: () => letGo(),
      giveBack: () => letGo(() => putBack(job)),
    }
  }
  const legsOf = (taken: Taken): TakenJob[] => [
    ...taken.legs.flatMap((envelope, index) => {
      const job = read(envelope, logger)
      return job === undefined ? [] : legOf(job, taken.begun?.[index])
    }),
    ...taken.expired.flatMap(envelope => read(envelope, logger) ?? []).map(expiredLeg),
  ]

  return {
    token,
    async open(taken) {
      const legs = legsOf(taken)
      const model = legs.find(leg => leg.expired !== true)?.job.model
      if (atWork === 0) await close()
      if (legs.length === 0) return undefined
      return {
        legs,
        async more(limit) {
          if (model === undefined || lost.signal.aborted) return []
          return legsOf(await fairQueue.takeMore(id, clock.now(), model, limit))
        },
      }
    },
    lose: () => lost.abort(),
  }
}

/** What came too late has left the queue already: there is nothing to let go of. */
function expiredLeg(job: Job): TakenJob {
  return { job, expired: true, lost: new AbortController().signal, done: nothing, giveBack: nothing }
}

function nothing(): Promise<void> {
  return Promise.resolve()
}

function read(envelope: unknown, logger: Logger): Job | undefined {
  const found = readJob(envelope)
  if (found.kind === 'job') return found.job
  logger.error({ why: found.why }, 'an envelope was refused')
  return undefined
}
