import { Counter, Gauge, type Registry } from 'prom-client'
import { isGatewayError } from '#services/contract/errors'
import type { DispatchPath } from '#services/router/cascade/leg/leg-order'
import { overloadPrice, type EscalationBackpressure } from '#services/router/choose/overload-price'
import type { FleetWatch, PutObserver } from '#services/router/pools/fleet-watch'

/** What the pools owe and what they can do: the figures that workers are scaled by. */
export interface PoolMetrics {
  /** A leg was wanted and refused because the pool has too few workers. */
  refused(pool: string, predictedMs?: number): void
  /** A leg was sent, by this path. */
  sent(pool: string, dispatch: DispatchPath): void
  /** Reports refusals of a full queue. */
  readonly watching: PutObserver
}

/** Work of a leg while service times are unknown. */
const unknownLegMs = 1000

/** Registers the metrics of every configured pool; label values are the configured pools. */
export function createPoolMetrics(
  registry: Registry,
  fleet: FleetWatch,
  pools: readonly string[],
  escalationBackpressure: EscalationBackpressure,
): PoolMetrics {
  const registers = [registry]
  const legMs = (pool: string): number => fleet.legMs(pool) ?? unknownLegMs
  const gauge = (name: string, help: string, read: (pool: string) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['pool'],
      registers,
      // Every process of a router sees the same pools.
      aggregator: 'max',
      collect() {
        for (const pool of pools) this.set({ pool }, read(pool))
      },
    })
  }
  gauge(
    'sluice_router_pool_workers',
    'Workers of a pool that are alive, draining ones included.',
    pool => fleet.current.pool(pool).workers,
  )
  gauge(
    'sluice_router_pool_capacity_legs',
    'Legs that the workers of a pool can run at once.',
    pool => fleet.current.pool(pool).capacity,
  )
  gauge(
    'sluice_router_pool_running_legs',
    'Legs at work in a pool, by the last heartbeats.',
    pool => fleet.current.pool(pool).running,
  )
  gauge(
    'sluice_router_pool_backlog_seconds',
    'Model time that the waiting legs of a pool will take, one after the other.',
    pool => ((fleet.waiting.get(pool) ?? 0) * legMs(pool)) / 1000,
  )
  gauge(
    'sluice_router_pool_wait_seconds',
    'Time that a leg put into the queue of a pool now would wait.',
    pool => fleet.current.pool(pool).waitMs / 1000,
  )
  gauge(
    'sluice_router_pool_price_ratio',
    'Quality that a cascade to a pool must gain because the pool is short; 0 while it is not.',
    pool => {
      const { waitMs: meanMs } = fleet.current.pool(pool)
      return overloadPrice({ meanMs, deviationMs: 0 }, { meanMs: legMs(pool) }, escalationBackpressure)
    },
  )
  const refusedSeconds = new Counter({
    name: 'sluice_router_pool_refused_seconds_total',
    help: 'Model time of legs that were wanted and refused because a pool had too few workers.',
    labelNames: ['pool'],
    registers,
  })
  // From the first refusal on there is an increase to see, and a pool without workers can be woken by it.
  for (const pool of pools) refusedSeconds.inc({ pool }, 0)

  const refused = (pool: string, predictedMs?: number): void => {
    refusedSeconds.inc({ pool }, (predictedMs ?? legMs(pool)) / 1000)
  }
  const sent = new Counter({
    name: 'sluice_router_legs_sent_total',
    help: 'Legs sent to a pool, by path: run by the router itself (express), or through the queue.',
    labelNames: ['pool', 'dispatch'],
    registers,
  })
  for (const pool of pools) for (const dispatch of ['express', 'queue']) sent.inc({ pool, dispatch }, 0)
  return {
    refused,
    sent: (pool, dispatch) => sent.inc({ pool, dispatch }),
    async watching(pool, _job, put) {
      try {
        return await put()
      } catch (error) {
        if (isGatewayError(error) && error.details.reason === 'QUEUE_FULL') refused(pool)
        throw error
      }
    },
  }
}
