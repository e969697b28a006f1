import type { ClimbPlan, LegState } from '#services/state/cascade-log/cascade-log'
import { addNanoUsd, type NanoUsd } from '#services/contract/money'
import { tokensOf } from '#services/contract/price'
import type { Settlement, Share } from '#services/router/ledger/ledger'

/**
 * What the legs of a climb have cost, and who pays. A leg that began and left no receipt is billed at its reserve, marked estimated.
 * Attempts that lost their leg are the deployment's: by their receipts, or by the reserve where they left none. Pure: whoever settles
 * comes to the same.
 */
export function accountOf(plan: ClimbPlan, legs: readonly LegState[]): Settlement {
  const spent: Partial<Record<Share, NanoUsd>> = { tenant: 0, deployment: 0 }
  let lostNanoUsd = 0
  let estimatedNanoUsd = 0
  let tokens = 0
  const charge = (share: Share, amount: NanoUsd): void => {
    spent[share] = addNanoUsd(spent[share] ?? 0, amount)
  }
  for (const leg of legs) {
    const reserve = reserveOf(plan, leg)
    const { cost, estimated } = costOfLeg(leg, reserve)
    if (payerOf(plan, leg) === 'tenant') charge('tenant', cost)
    charge('deployment', cost)
    charge(`pool:${leg.pool}`, cost)
    const lost = lostOf(leg, reserve)
    lostNanoUsd = addNanoUsd(lostNanoUsd, lost.cost)
    estimatedNanoUsd = addNanoUsd(estimatedNanoUsd, lost.estimated, estimated ? cost : 0)
    tokens += leg.end === undefined ? 0 : tokensOf(leg.end.receipt.usage)
  }
  return { spent, lostNanoUsd, estimatedNanoUsd, tokens }
}

/** Tells whether the account is more than receipts that are at hand: then the log has to be asked. */
export function isWhole(legs: readonly LegState[]): boolean {
  return legs.every(leg => leg.end !== undefined && leg.end.receipt.attempt <= 1)
}

function reserveOf(plan: ClimbPlan, leg: LegState): NanoUsd {
  return plan.rungs.find(rung => rung.name === leg.rung)?.reserveNanoUsd ?? 0
}

function payerOf(plan: ClimbPlan, leg: LegState): 'tenant' | 'deployment' {
  return plan.payers?.[leg.purpose ?? 'answer'] ?? 'tenant'
}

function costOfLeg(leg: LegState, reserve: NanoUsd): { readonly cost: NanoUsd; readonly estimated: boolean } {
  if (leg.end !== undefined) {
    const { costNanoUsd, usage } = leg.end.receipt
    return { cost: costNanoUsd, estimated: usage.estimated === true }
  }
  if (leg.attempt === 0) return { cost: 0, estimated: false }
  const left = leg.lost?.[leg.attempt]
  return left === undefined ? { cost: reserve, estimated: true } : { cost: left, estimated: false }
}

function lostOf(leg: LegState, reserve: NanoUsd): { readonly cost: NanoUsd; readonly estimated: NanoUsd } {
  const inForce = Math.max(leg.attempt, leg.end?.receipt.attempt ?? 0)
  let cost = 0
  let estimated = 0
  for (let attempt = 1; attempt < inForce; attempt += 1) {
    const left = leg.lost?.[attempt]
    cost = addNanoUsd(cost, left ?? reserve)
    if (left === undefined) estimated = addNanoUsd(estimated, reserve)
  }
  return { cost, estimated }
}
