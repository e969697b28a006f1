import { GatewayError } from '#services/contract/errors'
import type { LegId } from '#services/contract/ids'
import type { Job } from '#services/state/queue/job'
import { noTracer } from '#services/platform/telemetry/tracer'
import { withSpan } from '#services/platform/telemetry/with-span'
import type { Cascade } from '../cascade.ts'
import type { JobOf } from './leg-jobs.ts'
import type { LegOrder, RunLegDependencies } from './leg-order.ts'

/** Puts a leg into its queue. `not-held`: the money was to be held with it and was not, and nothing has happened. */
export type SendLeg = (order: LegOrder, legId: LegId) => Promise<'queued' | 'not-held'>

/**
 * Makes the sending of one cascade's legs; what the worker does hangs below it in the trace. The first leg may open
 * the cascade.
 */
export function createSendLeg(
  { request, plan, opening }: Pick<Cascade, 'request' | 'plan' | 'opening'>,
  jobOf: JobOf,
  dependencies: RunLegDependencies,
): SendLeg {
  const { queue, dispatch, owner, opened, shadowed, tracer = noTracer } = dependencies

  const dispatchFirst = async (first: NonNullable<Cascade['opening']>, job: Job): Promise<'queued' | 'not-held'> => {
    const dispatched = await dispatch.dispatch({ ...first, request, plan, owner: owner(), job })
    if (dispatched.kind === 'not-held') return 'not-held'
    if (dispatched.kind === 'refused') {
      throw new GatewayError('AlreadyExists', 'a request with this id is there already')
    }
    for (const limit of dispatched.shadowed) shadowed?.(limit)
    opened?.(request.requestId)
    return 'queued'
  }

  return (order, legId) => {
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
      if (order.index === 0 && opening !== undefined) return dispatchFirst(opening, job)
      await queue.add(pool, job)
      return 'queued'
    })
  }
}
