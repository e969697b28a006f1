import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Config } from '#services/config/schema'
import type { Clock } from '#services/contract/clock'
import { fromUsd } from '#services/contract/money'
import type { EvaluateRungs } from '#services/router/choose/evaluate-rungs'
import { createReserve, type Reserve } from '#services/router/reserve/reserve'
import { createReserveShadow } from '#services/router/reserve/reserve-shadow'
import type { Stores } from './stores.ts'
import {
  createBudgets,
  type BudgetOptions,
  type Limit,
  type RateLimit,
  type TenantLimits,
  type WindowLimits,
} from '#services/router/ledger/budgets'
import { createReadBudget, createReadRates, type ReadBudget, type ReadRates } from '#services/router/ledger/read-budget'
import { createMoneyMetrics } from '#services/router/telemetry/ledger-metrics'
import { createSettler, type Settler } from '#services/router/settle/settle'

type Budgets = Config['budgets']

/** Everything of a router that holds, settles and shows money. */
export interface Money {
  readonly reserve: Reserve
  /** For calls that the deployment makes to learn from, and pays. */
  readonly reserveShadow: Reserve['hold']
  /** Called for every watched limit that would have refused a hold. */
  readonly shadowed: (limit: string) => void
  readonly settler: Settler
  readonly readBudget: ReadBudget
  readonly readRates: ReadRates
  readonly isPaid: (tenant: string) => boolean
  /** The choosing stage, which counts rungs left out because their price is unknown. */
  readonly counted: (evaluateRungs: EvaluateRungs) => EvaluateRungs
}

/** What it needs beside the stores. */
export interface MoneyDependencies {
  readonly clock: Clock
  readonly logger: Logger
  readonly registry: Registry
}

/** Builds it. */
export function composeMoney(
  config: Config,
  { ledger, escrow, generation, cascadeLog, health }: Stores,
  { clock, logger, registry }: MoneyDependencies,
): Money {
  const budgets = createBudgets(budgetOptionsOf(config))
  const isOpen = (): boolean => generation.isOpen
  const metrics = createMoneyMetrics(registry, { isOpen, draws: escrow?.counts })
  const { holdLeaseMs, payers } = config.budgets
  return {
    reserve: createReserve({ holdLeaseMs, payers }, { ledger, budgets, clock, observe: metrics.limited }),
    reserveShadow: createReserveShadow(
      { holdLeaseMs, perDayNanoUsd: fromUsd(config.learning.shadowUsdPerDay) },
      { ledger, budgets, clock },
    ),
    shadowed: limit => metrics.limited(limit, 'shadowed'),
    settler: createSettler({
      ledger,
      cascadeLog,
      clock,
      logger,
      usableSince: () => health.usableSince,
      observe: metrics.settled,
    }),
    readRates: createReadRates({ ledger, budgets, clock }),
    readBudget: createReadBudget({ ledger, budgets, clock, isOpen }),
    isPaid: budgets.isPaid,
    counted: evaluateRungs => input => {
      const candidateRungs = evaluateRungs(input)
      for (const { rung, removedBy } of candidateRungs) if (removedBy === 'price') metrics.unpriced(rung.model.name)
      return candidateRungs
    },
  }
}

/** What requests, tenants, pools and the deployment may spend. */
function budgetOptionsOf({ budgets }: Config): BudgetOptions {
  const tenant = tenantLimits({
    perDayUsd: budgets.tenantPerDayUsd,
    perMonthUsd: budgets.tenantPerMonthUsd,
    requestsPerMinute: budgets.tenantRequestsPerMinute,
    tokensPerMinute: budgets.tenantTokensPerMinute,
  })
  const request = limitOf(budgets.requestMaxUsd)
  return {
    timeZone: budgets.timeZone,
    tenant,
    tenants: mapValues(budgets.tenants, limits => ({ ...tenant, ...tenantLimits(limits) })),
    pools: mapValues(budgets.pools, windowLimits),
    deployment: windowLimits(budgets.deployment),
    ...(request === undefined ? {} : { request }),
  }
}

function tenantLimits(configured: Budgets['tenants'][string]): TenantLimits {
  const requests = rateOf(configured.requestsPerMinute)
  const tokens = rateOf(configured.tokensPerMinute)
  return {
    ...windowLimits(configured),
    ...(requests === undefined ? {} : { requests }),
    ...(tokens === undefined ? {} : { tokens }),
  }
}

function windowLimits({ perDayUsd, perMonthUsd }: Budgets['deployment']): WindowLimits {
  const day = limitOf(perDayUsd)
  const month = limitOf(perMonthUsd)
  return { ...(day === undefined ? {} : { day }), ...(month === undefined ? {} : { month }) }
}

function limitOf(configured: Budgets['requestMaxUsd']): Limit | undefined {
  if (configured === undefined) return undefined
  if (typeof configured === 'number') return { nanoUsd: fromUsd(configured), shadow: false }
  return { nanoUsd: fromUsd(configured.usd), shadow: configured.shadow }
}

function rateOf(configured: Budgets['tenantRequestsPerMinute']): RateLimit | undefined {
  if (configured === undefined) return undefined
  if (typeof configured === 'number') return { perMinute: configured, burst: configured, shadow: false }
  const { perMinute, burst = perMinute, shadow } = configured
  return { perMinute, burst, shadow }
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, change: (value: From) => To): Map<string, To> {
  return new Map(Object.entries(record).map(([name, value]) => [name, change(value)]))
}
