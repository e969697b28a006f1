import type { Clock } from '../../shared/contract/clock.ts'
import { GatewayError } from '../../shared/contract/errors.ts'
import type { NanoUsd } from '../../shared/contract/money.ts'
import type { Ledger, Reservation, Scope } from '../ledger/ledger.ts'
import { tenantDay } from '../ledger/scopes.ts'
import { markClaimed, type Chosen, type Claimed } from '../states.ts'

/** Limits of the deployment. */
export interface ClaimOptions {
  readonly requestMaxNanoUsd?: NanoUsd
  readonly tenantPerDayNanoUsd?: NanoUsd
  /** How long a hold outlives its router before it is reaped. */
  readonly holdLeaseMs: number
}

/** What claiming needs. */
export interface ClaimDependencies {
  readonly ledger: Ledger
  readonly clock: Clock
}

/** Holds the money for the dearest path. @throws GatewayError BudgetExceeded when not even the cheapest rung can be paid */
export type Claim = (chosen: Chosen) => Promise<Claimed>

/** Makes the stage. The whole path is asked for first; where a budget is nearly spent, as much of the path as it still covers. */
export function createClaim(options: ClaimOptions, { ledger, clock }: ClaimDependencies): Claim {
  return async chosen => {
    const nowMs = clock.now()
    const scopes = scopesOf(options, chosen.caller.tenant, nowMs)
    const leaseUntil = Math.max(nowMs, chosen.deadlineAt) + options.holdLeaseMs
    const holdId = chosen.requestId
    const hold = (amount: NanoUsd): Promise<Reservation> => ledger.reserve(holdId, amount, scopes, leaseUntil)

    const whole = Math.min(chosen.reserveNanoUsd, options.requestMaxNanoUsd ?? chosen.reserveNanoUsd)
    const cheapest = cheapestRung(chosen)
    if (cheapest > whole) throw refusedByRequest(cheapest, whole)
    const first = await hold(whole)
    if (first.kind === 'held') return markClaimed({ ...chosen, reserveNanoUsd: whole }, holdId)
    if (cheapest > first.remainingNanoUsd) throw refused(first, nowMs)
    const second = await hold(cheapest)
    if (second.kind === 'held') return markClaimed({ ...chosen, reserveNanoUsd: cheapest }, holdId)
    throw refused(second, nowMs)
  }
}

/** The counters that a tenant's request is held against. */
export function scopesOf(options: ClaimOptions, tenant: string, nowMs: number): readonly Scope[] {
  return [tenantDay(tenant, nowMs, options.tenantPerDayNanoUsd)]
}

function cheapestRung(chosen: Chosen): NanoUsd {
  const kept = chosen.considered.filter(one => one.removedBy === undefined)
  return Math.min(...kept.map(one => one.reserveNanoUsd))
}

function refused({ scope, remainingNanoUsd }: Reservation & { kind: 'refused' }, nowMs: number): GatewayError {
  return new GatewayError('BudgetExceeded', `budget ${scope.name}: ${remainingNanoUsd} nano-USD remain`, {
    stage: 'claim',
    reason: 'BUDGET_SPENT',
    quota: { subject: scope.name, description: `${remainingNanoUsd} nano-USD remain` },
    ...(scope.resetsAt === undefined ? {} : { retryAfterMs: Math.max(0, scope.resetsAt - nowMs) }),
  })
}

function refusedByRequest(cheapest: NanoUsd, most: NanoUsd): GatewayError {
  const description = `the cheapest rung may cost ${cheapest} nano-USD, a request may cost ${most}`
  return new GatewayError('BudgetExceeded', description, {
    stage: 'claim',
    reason: 'BUDGET_REQUEST',
    quota: { subject: 'request', description },
  })
}
