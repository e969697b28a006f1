import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** What a worker counts. Labels are configured models and closed sets of ends. */
export interface WorkerMetrics {
  /** A leg ended: how, after how long at work, after how long in the queue. */
  leg(model: string, end: string, workMs: number, waitMs: number): void
  /** A batch was computed. */
  batch(model: string, size: number): void
  /** Median of the last legs' times by model, in ms. */
  serviceMs(): Readonly<Record<string, number>>
}

const workBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const waitBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300]
const batchBuckets = [1, 2, 4, 8, 16, 32, 64]

/** Times that the median is taken of: enough to be steady, few enough to follow a change. */
const recentLegs = 33

/** Registers a worker's metrics. */
export function createWorkerMetrics(registry: Registry, running: () => number): WorkerMetrics {
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
  const batches = new Histogram({
    name: 'sluice_worker_batch_legs',
    help: 'Legs computed together.',
    labelNames: ['model'],
    buckets: batchBuckets,
    registers,
  })
  new Gauge({
    name: 'sluice_worker_running_legs',
    help: 'Legs at work now.',
    registers,
    collect() {
      this.set(running())
    },
  })
  const recent = new Map<string, number[]>()
  return {
    leg(model, end, workMs, waitMs) {
      legs.inc({ model, end })
      work.observe({ model }, workMs / 1000)
      waits.observe({ model }, Math.max(0, waitMs) / 1000)
      if (end !== 'done') return
      const times = [...(recent.get(model) ?? []), workMs]
      recent.set(model, times.slice(-recentLegs))
    },
    batch(model, size) {
      if (size > 0) batches.observe({ model }, size)
    },
    serviceMs: () =>
      Object.fromEntries(
        [...recent].map(([model, times]) => [model, times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0]),
      ),
  }
}
