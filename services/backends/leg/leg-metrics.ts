import {
  createServiceTimesRecorder,
  type MeasuredLeg,
  type ServiceTimes,
} from '#services/state/service-times/service-times'
import { turnsOf } from '#services/state/registry/engine-turns'
import type { EngineQueue } from '#services/state/registry/worker-registry'
import type { LegFailure } from '#services/state/cascade-log/cascade-log'
import { Counter, Histogram, type Registry } from 'prom-client'

/**
 * Metrics of legs, for the process that runs them: a worker or a router. Labels are configured models and closed sets.
 */
export interface LegMetrics {
  /** A leg ended. */
  leg(model: string, ended: EndedLeg): void
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
  /** Computing time beyond the reservation; it is not charged. */
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

/** Ends that alerts read. */
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
/** The pool whose legs are counted. */
export interface ServedPool {
  readonly pool: string
  readonly models: readonly string[]
}

/** Registers the metrics; the legs of several pools share them. */
export function createLegMetrics(
  registry: Registry,
  served: readonly ServedPool[],
  now: () => number = Date.now,
): LegMetrics {
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
  const poolOf = new Map(served.flatMap(({ pool, models }) => models.map(model => [model, pool] as const)))
  // A series that is there from the start shows its first increase, which an alert may be about.
  for (const [model, pool] of poolOf) {
    for (const end of watchedEnds) legs.inc({ model, end }, 0)
    uncharged.inc({ pool, model }, 0)
  }
  const recent = createServiceTimesRecorder(now)
  return {
    leg(model, { end, rung, measured, workMs, unchargedMs, waitMs, engine, costNanoUsd }) {
      const pool = poolOf.get(model) ?? ''
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
    times: recent.times,
  }
}

/** Ends of legs that were cut: without them, slow inputs would make the model look fast. */
function isStopped(end: string): boolean {
  return end === 'expired' || end === 'cancelled'
}
