import { Counter, Gauge, type Registry } from 'prom-client'
import { storeRefusals, type StoreRefusal } from '#services/platform/redis/store-refusal'

/** What a process counts of its store. */
export interface StoreMetrics {
  /** Redis cannot serve now. */
  refused(refusal: StoreRefusal): void
  /**
   * Shows, whenever somebody scrapes, whether the store can be used and how far the machine's clock is ahead of
   * its.
   */
  show(read: { readonly isUp: () => boolean; readonly clockAheadMs: () => number }): void
}

/** Registers the metrics of a service's store. */
export function createStoreMetrics(registry: Registry, service: 'router' | 'worker'): StoreMetrics {
  const registers = [registry]
  const refusals = new Counter({
    name: `sluice_${service}_store_refusals_total`,
    help: 'Commands that Redis refused because of its own state, by why.',
    labelNames: ['refusal'],
    registers,
  })
  for (const refusal of storeRefusals) refusals.inc({ refusal }, 0)
  return {
    refused: refusal => refusals.inc({ refusal }),
    show({ isUp, clockAheadMs }) {
      new Gauge({
        name: `sluice_${service}_store_up`,
        aggregator: 'min',
        help: '1 while Redis takes a write and answers it in time.',
        registers,
        collect() {
          this.set(Number(isUp()))
        },
      })
      new Gauge({
        name: `sluice_${service}_clock_ahead_seconds`,
        aggregator: 'max',
        help: "How far this machine's clock is ahead of Redis' clock, by which everything goes.",
        registers,
        collect() {
          this.set(clockAheadMs() / 1000)
        },
      })
    },
  }
}
