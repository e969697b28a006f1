import type { Clock } from '../../shared/contract/clock.ts'
import { GatewayError } from '../../shared/contract/errors.ts'
import type { NanoUsd } from '../../shared/contract/money.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { shadowDay } from '../ledger/scopes.ts'
import { markClaimed } from '../states.ts'
import type { Claim } from './claim.ts'

/** What the deployment gives out for calls that teach it. */
export interface ClaimShadowOptions {
  readonly perDayNanoUsd: NanoUsd
  /** How long a hold outlives its router before it is reaped. */
  readonly holdLeaseMs: number
}

/** Makes a claim that the deployment pays, from its scope `shadow`: no tenant's budget is touched. @throws GatewayError BudgetExceeded when the day's money is spent */
export function createClaimShadow(
  { perDayNanoUsd, holdLeaseMs }: ClaimShadowOptions,
  { ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock },
): Claim {
  return async chosen => {
    const nowMs = clock.now()
    const leaseUntil = Math.max(nowMs, chosen.deadlineAt) + holdLeaseMs
    const scopes = [shadowDay(nowMs, perDayNanoUsd)]
    const reservation = await ledger.reserve(chosen.requestId, chosen.reserveNanoUsd, scopes, leaseUntil)
    if (reservation.kind === 'held') return markClaimed(chosen, chosen.requestId)
    const description = `${reservation.remainingNanoUsd} nano-USD remain for shadow calls today`
    throw new GatewayError('BudgetExceeded', description, {
      stage: 'claim',
      reason: 'BUDGET_SPENT',
      quota: { subject: 'shadow', description },
    })
  }
}
