import { createLegMetrics, type LegMetrics, type ServedPool } from '#services/backends/leg/leg-metrics'
import type { ModelMemory } from '#services/worker/states'
import { takeFaults, type TakeFault } from '#services/worker/collect/watch-takes'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** What a worker counts. Labels are configured models and closed sets of ends. */
export interface WorkerMetrics extends LegMetrics {
  /** A batch was computed. */
  batch(model: string, size: number): void
  /** Taking legs came to a standstill and was begun again. */
  takesRestarted(fault: TakeFault): void
}

const batchBuckets = [1, 2, 4, 8, 16, 32, 64]

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
  served: ServedPool = { pool: '', models: [] },
  now: () => number = Date.now,
): WorkerMetrics {
  const registers = [registry]
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
  const ofLegs = createLegMetrics(registry, [served], now)
  return {
    ...ofLegs,
    batch(model, size) {
      if (size > 0) batches.observe({ model }, size)
    },
    takesRestarted: fault => restarts.inc({ fault }),
  }
}
