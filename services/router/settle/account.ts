import type { CascadePlan, LegState } from '#services/state/cascade-log/cascade-log'
import { addNanoUsd, type NanoUsd } from '#services/contract/money'
import { tokensOf } from '#services/contract/price'
import type { Settlement, Share } from '#services/state/ledger/ledger'

/**
 * What the legs of a cascade have cost, and who pays. The attempt in force is paid by its receipt. Attempts that lost
 * their leg, and one in force that left no receipt, are the deployment's: by their receipts, or by the reserve,
 * marked estimated, where they left none. Pure: every router computes the same.
 */
export function accountOf(plan: CascadePlan, legs: readonly LegState[]): Settlement {
  const spent: Partial<Record<Share, NanoUsd>> = { tenant: 0, deployment: 0 }
  let lostNanoUsd = 0
  let estimatedNanoUsd = 0
  let tokens = 0
  const charge = (share: Share, amount: NanoUsd): void => {
    spent[share] = addNanoUsd(spent[share] ?? 0, amount)
  }
  for (const leg of legs) {
    const cost = costOfLeg(leg)
    if (payerOf(plan, leg) === 'tenant') charge('tenant', cost)
    charge('deployment', cost)
    charge(`pool:${leg.pool}`, cost)
    const lost = lostOf(leg, reserveOf(plan, leg))
    lostNanoUsd = addNanoUsd(lostNanoUsd, lost.cost)
    const isEstimated = leg.end?.receipt.usage.estimated === true
    estimatedNanoUsd = addNanoUsd(estimatedNanoUsd, lost.estimated, isEstimated ? cost : 0)
    tokens += leg.end === undefined ? 0 : tokensOf(leg.end.receipt.usage)
  }
  return { spent, lostNanoUsd, estimatedNanoUsd, tokens }
}

/** Returns whether the account is more than receipts that are at hand: then the log has to be asked. */
export function isWhole(legs: readonly LegState[]): boolean {
  return legs.every(leg => leg.end !== undefined && leg.end.receipt.attempt <= 1)
}

function reserveOf(plan: CascadePlan, leg: LegState): NanoUsd {
  return plan.rungs.find(rung => rung.name === leg.rung)?.reserveNanoUsd ?? 0
}

function payerOf(plan: CascadePlan, leg: LegState): 'tenant' | 'deployment' {
  return plan.payers?.[leg.purpose ?? 'answer'] ?? 'tenant'
}

/** By the receipt of the attempt in force; nothing where it left none. */
function costOfLeg(leg: LegState): NanoUsd {
  return leg.end?.receipt.costNanoUsd ?? leg.lost?.[leg.attempt] ?? 0
}

function lostOf(leg: LegState, reserve: NanoUsd): { readonly cost: NanoUsd; readonly estimated: NanoUsd } {
  const lastBegun = Math.max(leg.attempt, leg.end?.receipt.attempt ?? 0)
  // The attempt in force is paid by its receipt, wherever that lies; without one it is lost like those before it.
  const isReceipted = leg.end !== undefined || leg.lost?.[leg.attempt] !== undefined
  let cost = 0
  let estimated = 0
  for (let attempt = 1; attempt <= (isReceipted ? lastBegun - 1 : lastBegun); attempt += 1) {
    const left = leg.lost?.[attempt]
    cost = addNanoUsd(cost, left ?? reserve)
    if (left === undefined) estimated = addNanoUsd(estimated, reserve)
  }
  return { cost, estimated }
}
