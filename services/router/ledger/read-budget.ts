import type { Clock } from '#services/contract/clock'
import type { Budgets, Limit } from './budgets.ts'
import type { Balance, Ledger, Rate } from '#services/state/ledger/ledger'

/** What a caller is shown of money and rates. */
export interface BudgetView {
  readonly request: Limit | undefined
  readonly balances: readonly Balance[]
  readonly rates: readonly (Rate & { readonly remaining: number })[]
  /** False when the ledger's data is gone and was not restored. */
  readonly isOpen: boolean
}

/** What a tenant's limits on beginning stand at; empty, and nothing is asked, where it has none. */
export type ReadRates = (tenant: string) => Promise<readonly RateStanding[]>

/** How much of a limit is left. */
export interface RateStanding {
  readonly kind: 'requests' | 'tokens'
  readonly limit: number
  readonly remaining: number
  /** Time until all of it may begin again. */
  readonly resetMs: number
}

/** Makes the reading of limits that are enforced. */
export function createReadRates({
  ledger,
  budgets,
  clock,
}: Pick<ReadBudgetDependencies, 'ledger' | 'budgets' | 'clock'>): ReadRates {
  return async tenant => {
    const named = [
      ['requests', budgets.requests(tenant)],
      ['tokens', budgets.tokens(tenant)],
    ] as const
    const limits = named.flatMap(([kind, rate]) => (rate === undefined || rate.shadow ? [] : [{ kind, rate }]))
    if (limits.length === 0) return []
    const allowances = await ledger.allowances(
      limits.map(({ rate }) => rate),
      clock.now(),
    )
    return limits.map(({ kind, rate: { burst, perMinute } }, index) => {
      const remaining = Math.max(0, Math.floor(allowances[index] ?? 0))
      const missing = Math.max(0, burst - (allowances[index] ?? 0))
      return { kind, limit: burst, remaining, resetMs: (missing / perMinute) * 60_000 }
    })
  }
}

/** What reading needs. */
export interface ReadBudgetDependencies {
  readonly ledger: Ledger
  readonly budgets: Budgets
  readonly clock: Clock
  readonly isOpen: () => boolean
}

/** Reads a tenant's own scopes; those of pools and of the deployment too when the caller runs it. */
export type ReadBudget = (tenant: string, isOperator: boolean) => Promise<BudgetView>

/** Makes the reading. */
export function createReadBudget({ ledger, budgets, clock, isOpen }: ReadBudgetDependencies): ReadBudget {
  return async (tenant, isOperator) => {
    const nowMs = clock.now()
    const scopes = budgets.scopes(tenant, nowMs).filter(scope => isOperator || scope.share === 'tenant')
    const limits = [budgets.requests(tenant), budgets.tokens(tenant)].filter(rate => rate !== undefined)
    const [balances, allowances] = await Promise.all([ledger.balances(scopes), ledger.allowances(limits, nowMs)])
    return {
      request: budgets.request,
      balances,
      rates: limits.map((rate, index) => ({ ...rate, remaining: allowances[index] ?? 0 })),
      isOpen: isOpen(),
    }
  }
}
