import type { Clock } from '#services/contract/clock'
import { GatewayError } from '#services/contract/errors'
import type { Payers } from '#services/contract/model'
import { formatNanoUsd, maxNanoUsd, type NanoUsd } from '#services/contract/money'
import { limitsOf, nextStep } from '#services/router/ladders/next-step'
import { holdLeaseUntil } from '#services/router/ledger/hold-lease'
import type { Budgets } from '#services/router/ledger/budgets'
import type { HoldOrder, Ledger, Reservation, Scope, Share, Take } from '#services/router/ledger/ledger'
import {
  isInline,
  markClaimed,
  NotHeld,
  runDeadlineOf,
  type Chosen,
  type Claimed,
  type Considered,
  type Pledge,
} from '#services/router/request/states'
import { offersOf, type Offer } from './offers.ts'

/** How claiming goes. */
export interface ClaimOptions {
  /** How long a hold outlives its deadline before it is reaped. */
  readonly holdLeaseMs: number
  /** Who pays for legs beside the answer's. */
  readonly payers: Payers
}

/** What claiming needs. */
export interface ClaimDependencies {
  readonly ledger: Ledger
  readonly budgets: Budgets
  readonly clock: Clock
  /** Told of every limit that refused, or would have if it were enforced. */
  readonly observe: (limit: string, outcome: 'refused' | 'shadowed') => void
}

/** Holds the money for the dearest path; `byItself`: at once, not in the step that opens the climb. @throws GatewayError BudgetExceeded when not even the cheapest rung can be paid, RateLimited, Overloaded when the ledger's data is gone */
export type Claim = (chosen: Chosen, byItself?: boolean) => Promise<Claimed>

/**
 * Makes the stage. The ledger is asked once: it holds the whole path, or where a budget is nearly spent, as much of it as that still
 * covers. Where nothing needs to be put away before a climb opens, the whole path is pledged, and held in that step.
 */
export function createClaim({ holdLeaseMs, payers }: ClaimOptions, dependencies: ClaimDependencies): Claim {
  const { ledger, budgets, clock, observe } = dependencies
  return async (chosen, byItself = false) => {
    const nowMs = clock.now()
    const { tenant } = chosen.caller
    const scopes = budgets.scopes(tenant, nowMs)
    const offers = offersFor(chosen, scopes, payers, dependencies)
    const order = {
      holdId: chosen.requestId,
      scopes,
      takes: takesOf(budgets, tenant, chosen.mostTokens),
      offers: offers.map(({ amounts }) => amounts),
      leaseUntil: holdLeaseUntil(nowMs, runDeadlineOf(chosen), holdLeaseMs),
      nowMs,
    }
    if (!byItself && mayBePledged(chosen)) {
      const pledge = pledgeOf(order, dependencies)
      if (pledge !== undefined) return fund(chosen, offers[0], payers, pledge)
    }
    const reservation = await ledger.reserve(order)
    if (reservation.kind === 'closed' && scopes.every(isFree)) return fund(chosen, offers[0], payers)
    if (reservation.kind !== 'held') throw refusalOf(reservation, nowMs, observe)
    for (const limit of reservation.shadowed) observe(limit, 'shadowed')
    return fund(chosen, offers[reservation.offer], payers)
  }
}

/** A job, and what has an idempotency key, is opened by itself, since somebody may come back for it; media are put away before, and nothing is before there is money. */
function mayBePledged({ mode, request, parts }: Chosen): boolean {
  return mode === 'sync' && request.idempotencyKey === undefined && parts.every(isInline)
}

/** The best offer alone: what a nearly spent budget still covers is found out by itself. */
function pledgeOf(order: HoldOrder, { ledger, observe }: ClaimDependencies): Pledge | undefined {
  const reserving = ledger.reserving?.({ ...order, offers: order.offers.slice(0, 1) })
  if (reserving === undefined) return undefined
  return {
    call: reserving.call,
    read(reply) {
      const reservation = reserving.read(reply)
      if (reservation.kind !== 'held') throw new NotHeld(reservation.kind)
      for (const limit of reservation.shadowed) observe(limit, 'shadowed')
    },
  }
}

/** What may be held of this request. @throws GatewayError BudgetExceeded when a request may not cost what its cheapest rung may */
function offersFor(
  chosen: Chosen,
  scopes: readonly Scope[],
  payers: Payers,
  { budgets, observe }: ClaimDependencies,
): readonly Offer[] {
  const limited = new Set(scopes.flatMap(({ share }) => poolOf(share) ?? []))
  const kept = chosen.considered.filter(one => one.removedBy === undefined)
  const wanted = chosen.request.constraints.maxCostNanoUsd ?? maxNanoUsd
  const { request } = budgets
  if (request === undefined) return offersOf(kept, limited, payers, wanted)
  const over = chosen.reserveNanoUsd > request.nanoUsd
  if (over && request.shadow) observe('request', 'shadowed')
  const most = request.shadow ? wanted : Math.min(wanted, request.nanoUsd)
  const offers = offersOf(kept, limited, payers, most)
  if (offers.length > 0) return offers
  observe('request', 'refused')
  throw refusedByRequest(Math.min(...kept.map(one => one.reserveNanoUsd)), most)
}

function poolOf(share: Share): string | undefined {
  return share.startsWith('pool:') ? share.slice('pool:'.length) : undefined
}

function takesOf(budgets: Budgets, tenant: string, mostTokens: number): readonly Take[] {
  const requests = budgets.requests(tenant)
  const tokens = budgets.tokens(tenant)
  return [
    ...(requests === undefined ? [] : [{ ...requests, count: 1 }]),
    ...(tokens === undefined ? [] : [{ ...tokens, count: mostTokens }]),
  ]
}

/** Where nothing is limited, there is nothing that a lost ledger could let be overspent. */
function isFree({ limitNanoUsd, shadow }: Scope): boolean {
  return limitNanoUsd === undefined || shadow
}

/** Leaves the rungs that are paid for; where that takes the first step away, the step that is now the best is taken instead. */
function fund(chosen: Chosen, offer: Offer | undefined, payers: Payers, pledge?: Pledge): Claimed {
  if (offer === undefined) throw new Error('the ledger took an offer that was not made')
  const paid = new Set(offer.rungs)
  const considered = chosen.considered.map((one): Considered =>
    one.removedBy !== undefined || paid.has(one)
      ? one
      : { ...one, removedBy: 'cost', removedWhy: 'no budget covers it now' },
  )
  const kept = considered.filter(one => one.removedBy === undefined)
  const regular = kept.filter(one => one.rung.fallback !== true)
  const open = regular.length === 0 ? kept : regular
  const isStanding = open.some(one => one.rung.name === chosen.firstStep.model)
  const { guided, estimate, request } = chosen
  const firstStep = isStanding
    ? chosen.firstStep
    : nextStep({ guided, estimate, called: [], open, limits: limitsOf(request.constraints) })
  return markClaimed(
    { ...chosen, considered, firstStep, reserveNanoUsd: offer.amountNanoUsd },
    chosen.requestId,
    payers,
    pledge,
  )
}

/** Time for open holds to give back what they will not use. */
const heldRetryMs = 1000

function refusalOf(
  reservation: Exclude<Reservation, { kind: 'held' }>,
  nowMs: number,
  observe: ClaimDependencies['observe'],
): GatewayError {
  if (reservation.kind === 'refused') {
    observe(reservation.scope.name, 'refused')
    return overBudget(reservation, nowMs)
  }
  if (reservation.kind === 'limited') {
    const { rate, retryAfterMs } = reservation
    observe(rate.name, 'refused')
    return new GatewayError('RateLimited', `${rate.name}: ${rate.perMinute} a minute, ${rate.burst} at once`, {
      stage: 'claim',
      reason: retryAfterMs === undefined ? 'RATE_NEVER' : 'RATE_LIMIT',
      quota: { subject: rate.name, description: `${rate.perMinute} a minute` },
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })
  }
  if (reservation.kind === 'settled') {
    return new GatewayError('AlreadyExists', 'a request with this id was settled before', { stage: 'claim' })
  }
  return new GatewayError('Overloaded', 'the ledger has lost its data and waits for an operator to restore it', {
    stage: 'claim',
    reason: 'LEDGER_CLOSED',
    retryAfterMs: 60_000,
  })
}

function overBudget(refused: Reservation & { readonly kind: 'refused' }, nowMs: number): GatewayError {
  const { scope, remainingNanoUsd, reservedNanoUsd } = refused
  const untilReset = Math.max(0, scope.resetsAt - nowMs)
  const description = `${formatNanoUsd(remainingNanoUsd)} remains`
  return new GatewayError('BudgetExceeded', `budget ${scope.name}: ${description}`, {
    stage: 'claim',
    reason: 'BUDGET_SPENT',
    quota: { subject: scope.name, description },
    retryAfterMs: reservedNanoUsd > 0 ? Math.min(heldRetryMs, untilReset) : untilReset,
  })
}

function refusedByRequest(cheapest: NanoUsd, most: NanoUsd): GatewayError {
  const description = `the cheapest rung may cost ${formatNanoUsd(cheapest)}, a request may cost ${formatNanoUsd(most)}`
  return new GatewayError('BudgetExceeded', description, {
    stage: 'claim',
    reason: 'BUDGET_REQUEST',
    quota: { subject: 'request', description },
  })
}
