import type { Clock } from '#services/contract/clock'
import { GatewayError } from '#services/contract/errors'
import type { Payers } from '#services/contract/model'
import { formatNanoUsd, type NanoUsd } from '#services/contract/money'
import { holdLeaseUntil } from '#services/router/ledger/hold-lease'
import type { Budgets } from '#services/router/ledger/budgets'
import type { Amounts, Ledger, Share } from '#services/state/ledger/ledger'
import { markReserved, type Chosen } from '#services/router/request/states'
import type { Reserve } from './reserve.ts'

/** What the deployment gives out for calls that teach it. */
export interface ReserveShadowOptions {
  readonly perDayNanoUsd: NanoUsd
  /** How long a hold outlives its deadline before it is reaped. */
  readonly holdLeaseMs: number
}

/** What reserving needs. */
export interface ReserveShadowDependencies {
  readonly ledger: Ledger
  readonly budgets: Budgets
  readonly clock: Clock
}

/** Such a call has no caller, so its payer is named. */
const payers: Payers = { answer: 'deployment' }

/**
 * Makes a reservation that the deployment pays, out of its own limits and the scope `shadow:day`: no tenant's budget is
 * touched.
 * @throws GatewayError BudgetExceeded when the money is spent, Overloaded when the ledger's data is gone
 */
export function createReserveShadow(
  { perDayNanoUsd, holdLeaseMs }: ReserveShadowOptions,
  { ledger, budgets, clock }: ReserveShadowDependencies,
): Reserve['hold'] {
  return async chosen => {
    const nowMs = clock.now()
    const reservation = await ledger.reserve({
      holdId: chosen.requestId,
      scopes: budgets.shadowScopes(perDayNanoUsd, nowMs),
      takes: [],
      offers: [amountsOf(chosen.candidateRungs, chosen.reserveNanoUsd)],
      leaseUntil: holdLeaseUntil(nowMs, chosen.deadlineAt, holdLeaseMs),
      nowMs,
    })
    if (reservation.kind === 'held') return markReserved(chosen, chosen.requestId, payers)
    if (reservation.kind !== 'refused') {
      throw new GatewayError('Overloaded', 'the ledger cannot reserve money now', { stage: 'reserve' })
    }
    const { scope, remainingNanoUsd } = reservation
    const description = `${formatNanoUsd(remainingNanoUsd)} remains for shadow calls`
    throw new GatewayError('BudgetExceeded', description, {
      stage: 'reserve',
      reason: 'BUDGET_SPENT',
      quota: { subject: scope.name, description },
    })
  }
}

function amountsOf(candidateRungs: Chosen['candidateRungs'], reserveNanoUsd: NanoUsd): Amounts {
  const byPool: Partial<Record<Share, NanoUsd>> = {}
  for (const { rung, reserveNanoUsd: own, removedBy } of candidateRungs) {
    const share: Share = `pool:${rung.model.pool}`
    if (removedBy === undefined) byPool[share] = Math.min(reserveNanoUsd, (byPool[share] ?? 0) + own)
  }
  return { deployment: reserveNanoUsd, ...byPool }
}
