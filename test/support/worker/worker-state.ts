import { createServiceTimesRecorder } from '#services/state/service-times/service-times'
import { noWork } from '#services/state/service-times/workload'
import { envelopeVersion } from '#services/state/queue/job'
import type { PoolBacklog } from '#services/state/queue/pool-queue'
import type { WorkerState } from '#services/state/registry/worker-registry'

/** A worker of pool `p` with one lane, which has model `m`, as its heartbeat tells. */
export function workerState(more: Partial<WorkerState> = {}): WorkerState {
  const { models = ['m'], concurrency = 1 } = more
  return {
    workerId: 'w',
    pool: 'p',
    models,
    capacity: concurrency,
    running: 0,
    concurrency,
    parallel: Object.fromEntries(models.map(model => [model, concurrency])),
    draining: false,
    startedAt: 0,
    version: '1',
    envelopeVersion,
    times: {},
    ...more,
  }
}

/** What a rung took for inputs without work of their own. */
export function timesOf(rung: string, times: readonly number[]): WorkerState['times'] {
  const recorder = createServiceTimesRecorder(() => 0)
  for (const serviceMs of times) recorder.add(rung, { work: noWork, serviceMs })
  return recorder.times()
}

/** A queue as it is read: empty but for what is said. */
export function backlogOf(more: Partial<PoolBacklog> = {}): PoolBacklog {
  return { waiting: 0, running: 0, work: [], batches: 0, legs: [], ...more }
}
