import type { Readiness } from '#services/platform/telemetry/ops-server'
import { storeFaults } from '#services/platform/telemetry/store-faults'
import type { Stores } from '#services/router/wiring/stores'
import type { FleetWatch } from '#services/router/pools/fleet-watch'

/** What a router's `/readyz` asks: the store, the ledger, the pools, and whether it drains. */
export function readinessOf(
  { health, generation }: Pick<Stores, 'health' | 'generation'>,
  fleet: Pick<FleetWatch, 'poolsWithoutWorkers'>,
  draining: AbortSignal,
): Readiness {
  return {
    notReady: () => [
      ...storeFaults(health),
      ...(generation.isOpen ? [] : [{ check: 'ledger' }]),
      ...(draining.aborted ? [{ check: 'draining' }] : []),
      ...fleet.poolsWithoutWorkers.map(pool => ({ check: 'pool', name: pool })),
    ],
  }
}
