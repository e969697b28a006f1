import { GatewayError } from '#services/contract/errors'
import type { LegId } from '#services/contract/ids'
import type { Job } from '#services/state/queue/job'
import { noTracer } from '#services/platform/telemetry/tracer'
import { withSpan } from '#services/platform/telemetry/with-span'
import type { BegunLeg } from '#services/backends/leg/leg-end'
import type { ExpressBegun } from '#services/state/dispatch/express-legs'
import type { Cascade } from '../cascade.ts'
import type { JobOf } from './leg-jobs.ts'
import type { LegOrder, RunLegDependencies } from './leg-order.ts'

/**
 * What became of a leg: it is in its queue, or was begun here; or the money was to be held with it and was not, and
 * nothing has happened.
 */
export type SentLeg = 'queued' | 'not-held' | BegunLeg

/** Puts a leg into its queue, or begins it where this router may run it. */
export type SendLeg = (order: LegOrder, legId: LegId) => Promise<SentLeg>

/**
 * Makes the sending of one cascade's legs; what the worker does hangs below it in the trace. The first leg may open
 * the cascade.
 */
export function createSendLeg(
  { request, plan, opening, epoch }: Pick<Cascade, 'request' | 'plan' | 'opening' | 'epoch'>,
  jobOf: JobOf,
  dependencies: RunLegDependencies,
): SendLeg {
  const { queue, dispatch, owner, opened, shadowed, express, clock, tracer = noTracer } = dependencies

  const dispatchFirst = async (
    first: NonNullable<Cascade['opening']>,
    job: Job,
    concurrency?: number,
  ): Promise<'queued' | 'not-held' | ExpressBegun> => {
    const here = concurrency === undefined ? {} : { express: { concurrency } }
    const dispatched = await dispatch.dispatch({ ...first, request, plan, owner: owner(), job, ...here })
    if (dispatched.kind === 'not-held') return 'not-held'
    if (dispatched.kind === 'refused') {
      throw new GatewayError('AlreadyExists', 'a request with this id is there already')
    }
    for (const limit of dispatched.shadowed) shadowed?.(limit)
    opened?.(request.requestId)
    return dispatched.kind === 'queued' ? 'queued' : dispatched.begun
  }

  const opensWith = ({ index }: LegOrder): Cascade['opening'] => (index === 0 ? opening : undefined)

  /** By the queue of the pool; an open cascade has only its leg to be put there. */
  const send = (order: LegOrder, legId: LegId, first: Cascade['opening']): Promise<SentLeg> => {
    const { pool } = order.rung.model
    const start = {
      parent: order.traceparent ?? request.traceparent,
      kind: 'producer',
      attributes: {
        'messaging.system': 'bullmq',
        'messaging.operation.type': 'send',
        'messaging.destination.name': pool,
        'messaging.message.id': legId,
      },
    } as const
    return withSpan(tracer, `send ${pool}`, start, async span => {
      const job = jobOf(order, legId, span.traceparent)
      if (first !== undefined && (await dispatchFirst(first, job)) === 'not-held') return 'not-held'
      if (first === undefined) await queue.add(pool, job)
      dependencies.sent?.(pool, 'queue')
      return 'queued'
    })
  }

  /** A cascade that was taken over may have this leg at work somewhere. */
  const concurrencyFor = (order: LegOrder): number | undefined =>
    epoch === 1 ? express?.concurrencyFor(order.rung, request) : undefined

  return async (order, legId) => {
    const first = opensWith(order)
    const concurrency = concurrencyFor(order)
    if (express === undefined || concurrency === undefined) return send(order, legId, first)
    const { pool } = order.rung.model
    const job = jobOf(order, legId, order.traceparent ?? request.traceparent)
    const startedAt = clock.now()
    const begun =
      first === undefined
        ? await express.begin({ pool, job, concurrency, owner: owner() })
        : await dispatchFirst(first, job, concurrency)
    if (begun === 'not-held') return begun
    if (begun !== 'queued' && begun.kind === 'run') {
      dependencies.sent?.(pool, 'express')
      return { job, attempt: begun.attempt, startedAt }
    }
    // Somebody is first, or the log has a word against it, which it says to whoever takes the leg.
    return send(order, legId, undefined)
  }
}
