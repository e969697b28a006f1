import { Counter, type Registry } from 'prom-client'
import type { CacheOutcome } from './answer-cache.ts'

/** Counts lookups in the answer cache, and the cost that hits saved. */
export function createCacheMetrics(registry: Registry): (outcome: CacheOutcome, savedNanoUsd: number) => void {
  const lookups = new Counter({
    name: 'sluice_router_cache_looks_total',
    help: 'Looks into the cache of answers, by what they came to.',
    labelNames: ['outcome'],
    registers: [registry],
  })
  const saved = new Counter({
    name: 'sluice_router_cache_saved_usd_total',
    help: 'What the answers that were given again had cost, in US dollars.',
    registers: [registry],
  })
  for (const outcome of ['exact', 'semantic', 'near', 'miss'] as const) lookups.inc({ outcome }, 0)
  return (outcome, savedNanoUsd) => {
    lookups.inc({ outcome })
    saved.inc(savedNanoUsd / 1e9)
  }
}
