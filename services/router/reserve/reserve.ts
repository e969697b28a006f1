import type { Clock } from '#services/contract/clock'
import { GatewayError } from '#services/contract/errors'
import type { Payers } from '#services/contract/model'
import { formatNanoUsd, maxNanoUsd, type NanoUsd } from '#services/contract/money'
import { limitsOf, nextStep } from '#services/router/ladders/next-step'
import { holdLeaseUntil } from '#services/router/ledger/hold-lease'
import type { Budgets } from '#services/router/ledger/budgets'
import type { HoldOrder, Ledger, Reservation, Scope, Share, Take } from '#services/state/ledger/ledger'
import {
  areInline,
  markReserved,
  runDeadlineOf,
  type Chosen,
  type Reserved,
  type CandidateRung,
} from '#services/router/request/states'
import { offersOf, type Offer } from './offers.ts'
import { heldRetryMs } from '#services/router/lifecycle/timings'

/** How reserving goes. */
export interface ReserveOptions {
  /** How long a hold outlives its deadline before it is reaped. */
  readonly holdLeaseMs: number
  /** Who pays for legs beside the answer's. */
  readonly payers: Payers
}

/** What reserving needs. */
export interface ReserveDependencies {
  readonly ledger: Ledger
  readonly budgets: Budgets
  readonly clock: Clock
  /** Told of every limit that refused, or would have if it were enforced. */
  readonly observe: (limit: string, outcome: 'refused' | 'shadowed') => void
}

/** Holds money for requests. */
export interface Reserve {
  /**
   * Holds what the worst-case path may cost, or as much of it as a nearly spent budget covers.
   * @throws GatewayError BudgetExceeded when not even the cheapest rung can be paid, RateLimited, Overloaded when the
   * ledger's data is gone
   */
  hold(chosen: Chosen): Promise<Reserved>
  /**
   * Leaves the hold of the whole path to the dispatch of the first leg; `undefined` where something is stored before
   * that.
   * @throws GatewayError BudgetExceeded when a request may not cost what its cheapest rung may
   */
  defer(chosen: Chosen): Reserved | undefined
}

/** Makes the stage. The ledger is asked once, either here or in the dispatch. */
export function createReserve({ holdLeaseMs, payers }: ReserveOptions, dependencies: ReserveDependencies): Reserve {
  const { ledger, budgets, clock, observe } = dependencies
  const ask = (chosen: Chosen): { readonly offers: readonly Offer[]; readonly order: HoldOrder } => {
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
    return { offers, order }
  }
  return {
    async hold(chosen) {
      const { offers, order } = ask(chosen)
      const reservation = await ledger.reserve(order)
      if (reservation.kind === 'closed' && order.scopes.every(isFree)) return fund(chosen, offers[0], payers)
      if (reservation.kind !== 'held') throw refusalOf(reservation, order.nowMs, observe)
      for (const limit of reservation.shadowed) observe(limit, 'shadowed')
      return fund(chosen, offers[reservation.offer], payers)
    },
    defer(chosen) {
      if (!mayBeDeferred(chosen)) return undefined
      const { offers, order } = ask(chosen)
      return fund(chosen, offers[0], payers, order)
    },
  }
}

/**
 * A job, and what has an idempotency key, is opened before its leg is sent, since a caller may come back for it.
 * Media are stored before, and nothing is stored before there is money.
 */
function mayBeDeferred({ mode, request, parts }: Chosen): boolean {
  return mode === 'sync' && request.idempotencyKey === undefined && areInline(parts)
}

/**
 * What may be held of this request.
 * @throws GatewayError BudgetExceeded when a request may not cost what its cheapest rung may
 */
function offersFor(
  chosen: Chosen,
  scopes: readonly Scope[],
  payers: Payers,
  { budgets, observe }: ReserveDependencies,
): readonly Offer[] {
  const limited = new Set(scopes.flatMap(({ share }) => poolOf(share) ?? []))
  const kept = chosen.candidateRungs.filter(one => one.removedBy === undefined)
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

/**
 * Leaves the rungs that are paid for; where that takes the first step away, the step that is now the best is taken
 * instead.
 */
function fund(chosen: Chosen, offer: Offer | undefined, payers: Payers, hold?: HoldOrder): Reserved {
  if (offer === undefined) throw new Error('the ledger took an offer that was not made')
  const paid = new Set(offer.rungs)
  const candidateRungs = chosen.candidateRungs.map((one): CandidateRung =>
    one.removedBy !== undefined || paid.has(one)
      ? one
      : { ...one, removedBy: 'cost', removedWhy: 'no budget covers it now' },
  )
  const kept = candidateRungs.filter(one => one.removedBy === undefined)
  const regular = kept.filter(one => one.rung.fallback !== true)
  const open = regular.length === 0 ? kept : regular
  const isStanding = open.some(one => one.rung.name === chosen.firstStep.model)
  const { guided, estimate, request } = chosen
  const firstStep = isStanding
    ? chosen.firstStep
    : nextStep({ guided, estimate, called: [], open, limits: limitsOf(request.constraints) })
  return markReserved(
    { ...chosen, candidateRungs, firstStep, reserveNanoUsd: offer.amountNanoUsd },
    chosen.requestId,
    payers,
    hold,
  )
}

function refusalOf(
  reservation: Exclude<Reservation, { kind: 'held' }>,
  nowMs: number,
  observe: ReserveDependencies['observe'],
): GatewayError {
  if (reservation.kind === 'refused') {
    observe(reservation.scope.name, 'refused')
    return overBudget(reservation, nowMs)
  }
  if (reservation.kind === 'limited') {
    const { rate, retryAfterMs } = reservation
    observe(rate.name, 'refused')
    return new GatewayError('RateLimited', `${rate.name}: ${rate.perMinute} a minute, ${rate.burst} at once`, {
      stage: 'reserve',
      reason: retryAfterMs === undefined ? 'RATE_NEVER' : 'RATE_LIMIT',
      quota: { subject: rate.name, description: `${rate.perMinute} a minute` },
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })
  }
  if (reservation.kind === 'settled') {
    return new GatewayError('AlreadyExists', 'a request with this id was settled before', { stage: 'reserve' })
  }
  return new GatewayError('Overloaded', 'the ledger has lost its data and waits for an operator to restore it', {
    stage: 'reserve',
    reason: 'LEDGER_CLOSED',
    retryAfterMs: 60_000,
  })
}

function overBudget(refused: Reservation & { readonly kind: 'refused' }, nowMs: number): GatewayError {
  const { scope, remainingNanoUsd, reservedNanoUsd } = refused
  const untilReset = Math.max(0, scope.resetsAt - nowMs)
  const description = `${formatNanoUsd(remainingNanoUsd)} remains`
  return new GatewayError('BudgetExceeded', `budget ${scope.name}: ${description}`, {
    stage: 'reserve',
    reason: 'BUDGET_SPENT',
    quota: { subject: scope.name, description },
    retryAfterMs: reservedNanoUsd > 0 ? Math.min(heldRetryMs, untilReset) : untilReset,
  })
}

function refusedByRequest(cheapest: NanoUsd, most: NanoUsd): GatewayError {
  const description = `the cheapest rung may cost ${formatNanoUsd(cheapest)}, a request may cost ${formatNanoUsd(most)}`
  return new GatewayError('BudgetExceeded', description, {
    stage: 'reserve',
    reason: 'BUDGET_REQUEST',
    quota: { subject: 'request', description },
  })
}
