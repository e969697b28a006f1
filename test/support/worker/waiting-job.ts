import { createRequestId, legIdOf } from '#services/contract/ids'
import { noWork } from '#services/state/service-times/workload'
import { envelopeVersion, priorityRanks, type Job } from '#services/state/queue/job'

/** A leg of a request of its own, as a router puts it in the queue: a minute is left. */
export function waitingJob(more: Partial<Job> = {}): Job {
  const now = Date.now()
  return {
    version: envelopeVersion,
    legId: legIdOf(createRequestId(now), 0),
    tenant: 't',
    model: 'm',
    rung: 'm',
    recipe: {},
    task: 'generate',
    options: {},
    parts: [{ kind: 'text', text: 'hello' }],
    work: noWork,
    deadlineAt: now + 60_000,
    priority: priorityRanks.normal,
    replyTo: 'r',
    streaming: false,
    price: {},
    reserveNanoUsd: 0,
    enqueuedAt: now,
    ...more,
  }
}
