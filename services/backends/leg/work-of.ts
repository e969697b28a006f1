import type { Job } from '#services/state/queue/job'
import type { BegunLeg } from './leg-end.ts'
import type { Work } from '#services/backends/work'

/** When a leg's time is over: the request's, or that of the leg itself. */
export function stopsAt({ deadlineAt, longestMs = Infinity }: Job, startedAt: number): number {
  return Math.min(deadlineAt, startedAt + longestMs)
}

/** A begun leg as its model is given it, with its content and its trace context. */
export function workOf(
  { job, attempt, startedAt }: BegunLeg,
  content: Pick<Work, 'parts' | 'messages'>,
  traced: string | undefined,
): Work {
  const { legId, model, recipe, task, options, work, streaming, sessionKey, tenant, tracestate } = job
  const deadlineAt = stopsAt(job, startedAt)
  const traceparent = traced ?? job.traceparent
  return {
    legId,
    attempt,
    model,
    tenant,
    recipe,
    task,
    options,
    ...content,
    workload: work,
    deadlineAt,
    streaming,
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate }),
    ...(sessionKey === undefined ? {} : { affinityKey: `${tenant}\0${sessionKey}` }),
  }
}
