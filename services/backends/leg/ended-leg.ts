import type { LegEnd } from '#services/state/cascade-log/cascade-log'
import { outputCapOf } from '#services/state/service-times/workload'
import type { Job } from '#services/state/queue/job'
import type { EngineQueue } from '#services/state/registry/worker-registry'
import type { EndedLeg } from './leg-metrics.ts'
import { serviceTimeOf, type ModelTimes } from './service-time.ts'

/** A leg that was at work. */
export interface RanLeg {
  readonly job: Job
  readonly startedAt: number
  readonly engine?: EngineQueue | undefined
  readonly times: ModelTimes
}

/** What is counted of a leg that ended, and learnt of its service time. Pure. */
export function endedLegOf({ job, startedAt, engine, times }: RanLeg, end: LegEnd, endedAt: number): EndedLeg {
  const { usage, costNanoUsd } = end.receipt
  return {
    end: end.kind === 'done' ? 'done' : end.reason,
    rung: job.rung,
    measured: {
      work: job.work,
      outputCap: outputCapOf(job.task, job.options, job.recipe),
      outputTokens: (usage.outputTokens ?? 0) + (usage.reasoningTokens ?? 0),
      serviceMs: serviceTimeOf({ startedAt, endedAt }, times, usage),
    },
    workMs: endedAt - startedAt,
    unchargedMs: Math.max(0, (usage.computeMs ?? 0) - (job.chargedComputeMs ?? Infinity)),
    engine,
    waitMs: startedAt - job.enqueuedAt,
    costNanoUsd,
  }
}
