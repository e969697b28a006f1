import type { NanoUsd } from '#services/contract/money'
import type { Rate, Scope, Share } from '#services/state/ledger/ledger'
import { createWindows, type WindowKind } from './windows.ts'

/** A limit on spending. */
export interface Limit {
  readonly nanoUsd: NanoUsd
  /** Watched, not enforced. */
  readonly shadow: boolean
}

/** A limit on beginning. */
export interface RateLimit {
  readonly perMinute: number
  readonly burst: number
  readonly shadow: boolean
}

/** Limits by window. */
export type WindowLimits = Readonly<Partial<Record<WindowKind, Limit>>>

/** What one tenant may do. */
export interface TenantLimits extends WindowLimits {
  readonly requests?: RateLimit
  readonly tokens?: RateLimit
}

/** Every limit of the deployment. */
export interface BudgetOptions {
  /** IANA name of the zone whose midnights begin days and months. */
  readonly timeZone: string
  readonly request?: Limit
  /** Of tenants that are not named. */
  readonly tenant: TenantLimits
  readonly tenants: ReadonlyMap<string, TenantLimits>
  readonly pools: ReadonlyMap<string, WindowLimits>
  readonly deployment: WindowLimits
}

/** Returns which limits a request meets. */
export interface Budgets {
  readonly request: Limit | undefined
  /** The counters that limit a tenant's request; those of pools only where they have limits. */
  scopes(tenant: string, nowMs: number): readonly Scope[]
  /** The counters of a call that the deployment makes for itself, with a limit of its own a day. */
  shadowScopes(perDayNanoUsd: NanoUsd, nowMs: number): readonly Scope[]
  requests(tenant: string): Rate | undefined
  tokens(tenant: string): Rate | undefined
  /** Whether any limit on money is enforced for this tenant: what has no price is refused there. */
  isPaid(tenant: string): boolean
}

/** What of a cost counts, and in whose counter. */
interface Payer {
  readonly share: Share
  readonly owner: string
}

const kinds: readonly WindowKind[] = ['day', 'month']

/** Makes the limits of every tenant, pool and of the deployment. */
export function createBudgets(options: BudgetOptions): Budgets {
  const windowAt = createWindows(options.timeZone)
  const limitsOf = (tenant: string): TenantLimits => options.tenants.get(tenant) ?? options.tenant
  const scopeOf = ({ share, owner }: Payer, kind: WindowKind, limit: Limit | undefined, nowMs: number): Scope => {
    const { label, endsAt } = windowAt(kind, nowMs)
    return {
      name: `${share}:${kind}`,
      counter: `${owner}:${kind}:${label}`,
      share,
      shadow: limit?.shadow ?? false,
      resetsAt: endsAt,
      ...(limit === undefined ? {} : { limitNanoUsd: limit.nanoUsd }),
    }
  }
  const sharedScopes = (nowMs: number): readonly Scope[] => [
    ...kinds.map(kind => scopeOf({ share: 'deployment', owner: 'deployment' }, kind, options.deployment[kind], nowMs)),
    ...[...options.pools].flatMap(([pool, limits]) =>
      kinds.flatMap(kind =>
        limits[kind] === undefined
          ? []
          : scopeOf({ share: `pool:${pool}`, owner: `pool:${pool}` }, kind, limits[kind], nowMs),
      ),
    ),
  ]
  const rateOf = (tenant: string, of: 'requests' | 'tokens'): Rate | undefined => {
    const limit = limitsOf(tenant)[of]
    return limit === undefined ? undefined : { name: `tenant:${of}`, counter: `tenant:${tenant}:${of}`, ...limit }
  }
  const sharedAreEnforced =
    options.request?.shadow === false || enforced(options.deployment) || [...options.pools.values()].some(enforced)

  return {
    request: options.request,
    scopes: (tenant, nowMs) => [
      ...kinds.map(kind =>
        scopeOf({ share: 'tenant', owner: `tenant:${tenant}` }, kind, limitsOf(tenant)[kind], nowMs),
      ),
      ...sharedScopes(nowMs),
    ],
    shadowScopes(perDayNanoUsd, nowMs) {
      const limit = { nanoUsd: perDayNanoUsd, shadow: false }
      const scope = scopeOf({ share: 'deployment', owner: 'shadow' }, 'day', limit, nowMs)
      return [{ ...scope, name: 'shadow:day' }, ...sharedScopes(nowMs)]
    },
    requests: tenant => rateOf(tenant, 'requests'),
    tokens: tenant => rateOf(tenant, 'tokens'),
    isPaid: tenant => sharedAreEnforced || enforced(limitsOf(tenant)),
  }
}

function enforced(limits: WindowLimits): boolean {
  return kinds.some(kind => limits[kind]?.shadow === false)
}
