import {
  createServiceTimesRecorder,
  type MeasuredLeg,
  type ServiceTimes,
} from '#services/state/service-times/service-times'
import { turnsOf } from '#services/state/registry/engine-turns'
import type { EngineQueue } from '#services/state/registry/worker-registry'
import type { LegFailure } from '#services/state/cascade-log/cascade-log'
import type { ModelMemory } from '#services/worker/states'
import { takeFaults, type TakeFault } from '#services/worker/collect/watch-takes'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** What a worker counts. Labels are configured models and closed sets of ends. */
export interface WorkerMetrics {
  /** A leg ended. */
  leg(model: string, ended: EndedLeg): void
  /** A batch was computed. */
  batch(model: string, size: number): void
  /** Taking legs came to a standstill and was begun again. */
  takesRestarted(fault: TakeFault): void
  /** What legs took lately. */
  times(): ServiceTimes
}

/** How a leg ended, after how long at work, after how long in the queue. */
export interface EndedLeg {
  readonly end: string
  readonly rung: string
  /** How its service time is measured. */
  readonly measured: Omit<MeasuredLeg, 'stopped'>
  readonly workMs: number
  /** Computing time beyond what was reserved for, which nobody is charged for. */
  readonly unchargedMs: number
  /** What its engine had to do when it began. */
  readonly engine?: EngineQueue | undefined
  readonly waitMs: number
  readonly costNanoUsd: number
}

/**
 * A leg that met a longer queue than this many service times tells of the queue, not of the model: nothing is
 * learnt of it.
 */
const mostTurns = 100

/** Ends that alerts look for. */
const watchedEnds: readonly (LegFailure | 'done')[] = [
  'done',
  'model-error',
  'upstream-error',
  'upstream-misconfigured',
  'content-filter',
  'model-refused',
  'context-overflow',
  'payload-lost',
  'poison',
  'shed',
  'no-worker',
  'bug',
]

const workBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const waitBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300]
const batchBuckets = [1, 2, 4, 8, 16, 32, 64]

/** What a worker serves. */
export interface ServedPool {
  readonly pool: string
  readonly models: readonly string[]
}

/** Registers the memory of the processes that models compute in. */
export function showModelMemory(registry: Registry, memory: () => readonly ModelMemory[]): void {
  const registers = [registry]
  const labelNames = ['model'] as const
  new Gauge({
    name: 'sluice_worker_model_memory_bytes',
    help: 'Memory of the process of a model, without mapped files, after its last batch.',
    labelNames,
    registers,
    collect() {
      for (const { model, memoryBytes } of memory()) this.set({ model }, memoryBytes)
    },
  })
  new Counter({
    name: 'sluice_worker_model_renewals_total',
    help: 'Times that the process of a model was started again because its memory had grown.',
    labelNames,
    registers,
    collect() {
      this.reset()
      for (const { model, renewals } of memory()) this.inc({ model }, renewals)
    },
  })
}

/** Registers a worker's metrics. */
export function createWorkerMetrics(
  registry: Registry,
  running: () => number,
  { pool, models }: ServedPool = { pool: '', models: [] },
  now: () => number = Date.now,
): WorkerMetrics {
  const registers = [registry]
  const legs = new Counter({
    name: 'sluice_worker_legs_total',
    help: 'Legs ended, by model and how.',
    labelNames: ['model', 'end'],
    registers,
  })
  const work = new Histogram({
    name: 'sluice_worker_leg_duration_seconds',
    help: 'Time from a leg’s beginning to its report.',
    labelNames: ['model'],
    buckets: workBuckets,
    registers,
  })
  const waits = new Histogram({
    name: 'sluice_worker_queue_wait_seconds',
    help: 'Time that a leg waited in its queue.',
    labelNames: ['model'],
    buckets: waitBuckets,
    registers,
  })
  const spent = new Counter({
    name: 'sluice_worker_spent_usd_total',
    help: 'Cost of the legs that ended, by pool and model, in US dollars.',
    labelNames: ['pool', 'model'],
    registers,
  })
  const uncharged = new Counter({
    name: 'sluice_worker_uncharged_compute_seconds_total',
    help: 'Computing time beyond what was reserved for it, which nobody was charged for, by pool and model.',
    labelNames: ['pool', 'model'],
    registers,
  })
  const batches = new Histogram({
    name: 'sluice_worker_batch_legs',
    help: 'Legs computed together.',
    labelNames: ['model'],
    buckets: batchBuckets,
    registers,
  })
  const restarts = new Counter({
    name: 'sluice_worker_take_restarts_total',
    help: 'Times that taking legs was started again: a take had not come back, or legs waited that nobody took.',
    labelNames: ['fault'],
    registers,
  })
  for (const fault of takeFaults) restarts.inc({ fault }, 0)
  new Gauge({
    name: 'sluice_worker_running_legs',
    help: 'Legs at work now.',
    registers,
    collect() {
      this.set(running())
    },
  })
  // A series that is there from the start shows its first increase, which an alert may be about.
  for (const model of models) for (const end of watchedEnds) legs.inc({ model, end }, 0)
  for (const model of models) uncharged.inc({ pool, model }, 0)
  const recent = createServiceTimesRecorder(now)
  return {
    leg(model, { end, rung, measured, workMs, unchargedMs, waitMs, engine, costNanoUsd }) {
      const turns = engine === undefined ? 0 : turnsOf(engine)
      spent.inc({ pool, model }, costNanoUsd / 1e9)
      uncharged.inc({ pool, model }, unchargedMs / 1000)
      legs.inc({ model, end })
      work.observe({ model }, workMs / 1000)
      waits.observe({ model }, Math.max(0, waitMs) / 1000)
      // What it took without the queue of its engine is what is predicted with the queue as it is then.
      const serviceMs = measured.serviceMs / (1 + turns)
      if (!(turns <= mostTurns)) return
      if (end === 'done') recent.add(rung, { ...measured, serviceMs })
      else if (isStopped(end)) recent.add(rung, { ...measured, serviceMs, stopped: true })
    },
    batch(model, size) {
      if (size > 0) batches.observe({ model }, size)
    },
    takesRestarted: fault => restarts.inc({ fault }),
    times: recent.times,
  }
}

/** Ends of legs that would have gone on: left out, slow inputs would make the model look quick. */
function isStopped(end: string): boolean {
  return end === 'expired' || end === 'cancelled'
}
