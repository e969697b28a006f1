import { Counter, Gauge, type Registry } from 'prom-client'
import type { SettlementSeen } from '#services/router/settle/settle'

/** What the router counts of money. Limits are a closed set: the configured scopes and rates. */
export interface MoneyMetrics {
  /** A limit refused, or would have. */
  limited(limit: string, outcome: 'refused' | 'shadowed'): void
  settled(settlement: SettlementSeen): void
  /** A rung was left out because its price is unknown. */
  unpriced(model: string): void
}

/** Live figures of the money, read at each scrape. */
export interface MoneyGauges {
  readonly isOpen: () => boolean
  /** Requests whose money came out of the router's slice, and of the ledger; absent where nothing is leased. */
  readonly draws?: { readonly drawn: number; readonly reserved: number } | undefined
}

/** Registers them. */
export function createMoneyMetrics(registry: Registry, { isOpen, draws }: MoneyGauges): MoneyMetrics {
  const registers = [registry]
  if (draws !== undefined) countDraws(registers, draws)
  const limits = new Counter({
    name: 'sluice_router_limits_total',
    help: 'Requests that a budget or rate refused, or would have refused were it enforced.',
    labelNames: ['limit', 'outcome'],
    registers,
  })
  const settlements = new Counter({
    name: 'sluice_router_settlements_total',
    help: 'Holds settled: at once by the router of the cascade, or later by the log.',
    labelNames: ['when'],
    registers,
  })
  const lost = new Counter({
    name: 'sluice_router_lost_usd_total',
    help: 'Cost of attempts that lost their legs, paid by the deployment, in US dollars.',
    registers,
  })
  const estimated = new Counter({
    name: 'sluice_router_estimated_usd_total',
    help: 'Cost that was billed without a receipt or by our own count, in US dollars.',
    registers,
  })
  const overrun = new Counter({
    name: 'sluice_router_overrun_usd_total',
    help: 'Cost beyond what was held, paid by the deployment, in US dollars.',
    registers,
  })
  const unpriced = new Counter({
    name: 'sluice_router_unpriced_total',
    help: 'Rungs left out of paid requests because their model has no price.',
    labelNames: ['model'],
    registers,
  })
  new Gauge({
    name: 'sluice_router_ledger_open',
    aggregator: 'min',
    help: '1 while the ledger has its data; 0 until it is restored.',
    registers,
    collect() {
      this.set(Number(isOpen()))
    },
  })
  return {
    limited: (limit, outcome) => limits.inc({ limit, outcome }),
    settled({ when, lostNanoUsd, estimatedNanoUsd, overrunNanoUsd }) {
      settlements.inc({ when })
      lost.inc(lostNanoUsd / 1e9)
      estimated.inc(estimatedNanoUsd / 1e9)
      overrun.inc(overrunNanoUsd / 1e9)
    },
    unpriced: model => unpriced.inc({ model }),
  }
}

function countDraws(registers: Registry[], draws: NonNullable<MoneyGauges['draws']>): void {
  new Counter({
    name: 'sluice_router_reservations_total',
    help: "Requests whose money was reserved in the router's slice of the budgets, or in the ledger.",
    labelNames: ['by'],
    registers,
    collect() {
      this.reset()
      this.inc({ by: 'slice' }, draws.drawn)
      this.inc({ by: 'ledger' }, draws.reserved)
    },
  })
}
