import { addNanoUsd, type NanoUsd } from '#services/contract/money'
import type { LegPurpose, Payers } from '#services/contract/model'
import type { Amounts, Share } from '#services/state/ledger/ledger'
import type { CandidateRung } from '#services/router/request/states'

/** A part of the ladder that may be paid for, with what has to be held for it. */
export interface Offer {
  readonly rungs: readonly CandidateRung[]
  /** What the tenant's legs of it may cost together. */
  readonly amountNanoUsd: NanoUsd
  readonly amounts: Amounts
}

/**
 * The parts of a ladder, best first: the whole, then without its most expensive rungs one after the other; and, since
 * the money of one pool may be spent while another's is not, the same without each pool that has a limit of its own.
 */
export function offersOf(
  kept: readonly CandidateRung[],
  limitedPools: ReadonlySet<string>,
  payers: Payers,
  mostNanoUsd: NanoUsd,
): readonly Offer[] {
  const byCost = kept.toSorted((a, b) => a.reserveNanoUsd - b.reserveNanoUsd)
  const pools = new Set(byCost.map(one => one.rung.model.pool).filter(pool => limitedPools.has(pool)))
  const bases = [byCost, ...[...pools].map(pool => byCost.filter(one => one.rung.model.pool !== pool))]
  const seen = new Set<string>()
  return bases
    .flatMap(base => prefixes(base))
    .flatMap(rungs => {
      const name = rungs.map(one => one.rung.name).join(' ')
      if (seen.has(name) || rungs.some(one => one.reserveNanoUsd > mostNanoUsd)) return []
      seen.add(name)
      return offerOf(rungs, limitedPools, payers, mostNanoUsd)
    })
}

function prefixes(rungs: readonly CandidateRung[]): readonly (readonly CandidateRung[])[] {
  return rungs.map((_, dropped) => rungs.slice(0, rungs.length - dropped))
}

function offerOf(
  rungs: readonly CandidateRung[],
  limitedPools: ReadonlySet<string>,
  payers: Payers,
  mostNanoUsd: NanoUsd,
): Offer {
  const costs = rungs.flatMap(one => legCosts(one, payers))
  const amountNanoUsd = Math.min(mostNanoUsd, sum(costs.filter(({ payer }) => payer === 'tenant')))
  const others = sum(costs.filter(({ payer }) => payer === 'deployment'))
  const byPool: Partial<Record<Share, NanoUsd>> = {}
  for (const pool of new Set(costs.map(cost => cost.pool))) {
    if (!limitedPools.has(pool)) continue
    const own = costs.filter(cost => cost.pool === pool)
    byPool[`pool:${pool}`] = Math.min(sum(own), addNanoUsd(amountNanoUsd, others))
  }
  return {
    rungs,
    amountNanoUsd,
    amounts: { tenant: amountNanoUsd, deployment: addNanoUsd(amountNanoUsd, others), ...byPool },
  }
}

interface LegCost {
  readonly pool: string
  readonly payer: 'tenant' | 'deployment'
  readonly costNanoUsd: NanoUsd
}

function sum(costs: readonly LegCost[]): NanoUsd {
  return addNanoUsd(...costs.map(({ costNanoUsd }) => costNanoUsd))
}

/**
 * A rung's own leg, which the tenant pays, and those that may run beside it, each paid by whom the deployment
 * names.
 */
function legCosts({ rung, reserveNanoUsd }: CandidateRung, payers: Payers): readonly LegCost[] {
  const { pool } = rung.model
  const beside = Object.entries(rung.extraLegs ?? {}).map(([purpose, count]) => ({
    pool,
    payer: payers[purpose as LegPurpose] ?? 'tenant',
    costNanoUsd: reserveNanoUsd * count,
  }))
  return [{ pool, payer: 'tenant', costNanoUsd: reserveNanoUsd }, ...beside]
}
