import { loadScript, type Script } from '#services/platform/redis/script'
import type { ScriptCall } from '#services/state/dispatch/script-call'
import type { HoldOrder, Rate, Reservation, Scope } from './ledger.ts'
import type { LedgerKeys } from './ledger-keys.ts'

/** How a hold is asked for in Redis. */
export interface ReserveCall {
  readonly script: Script
  callFor(order: HoldOrder): ScriptCall<Reservation>
}

/** What the calls are made with. */
export interface ReserveCallOptions {
  readonly keys: LedgerKeys
  /** Counters outlive their window by this, to be looked at. */
  readonly keepCounterMs: number
  /** The generation that this router knows, and its reign, parted by a space. */
  readonly mark: () => string
}

const script = loadScript(import.meta.url, 'lua/reserve.lua')
const minuteMs = 60_000

/** Makes the calls; every key is in the slot of money. */
export function createReserveCall({ keys, keepCounterMs, mark }: ReserveCallOptions): ReserveCall {
  return {
    script,
    callFor: order => ({
      script,
      keys: [
        keys.generation,
        keys.hold(order.holdId),
        keys.holds,
        keys.windows,
        ...order.scopes.map(scope => keys.counter(scope.counter)),
        ...order.takes.map(take => keys.clock(take.counter)),
      ],
      args: [mark(), ...argumentsOf(order, keepCounterMs)],
      read: reply => reservationOf(Array.isArray(reply) ? reply : [], order),
    }),
  }
}

/** What the script is told beside keys; lists go as words, since each argument costs more than many words. */
function argumentsOf(order: HoldOrder, keepCounterMs: number): readonly (string | number)[] {
  const { holdId, leaseUntil, nowMs, scopes, takes, offers } = order
  const limits = scopes.map(
    ({ limitNanoUsd, shadow, share, resetsAt }) => `${limitNanoUsd ?? '-'} ${Number(shadow)} ${share} ${resetsAt}`,
  )
  const rates = takes.map(
    ({ perMinute, burst, count, shadow }) => `${minuteMs / perMinute} ${burst} ${count} ${Number(shadow)}`,
  )
  const amounts = offers.flatMap(offer => scopes.map(({ share }) => offer[share] ?? '-'))
  return [holdId, leaseUntil, nowMs, keepCounterMs, limits.join(' '), rates.join(' '), amounts.join(' ')]
}

function reservationOf(reply: readonly unknown[], { scopes, takes }: HoldOrder): Reservation {
  const [word, ...rest] = reply
  const numbers = rest.map(Number)
  if (word === 'closed' || word === 'settled') return { kind: word }
  if (word === 'held') return heldOf(numbers, [...scopes, ...takes])
  const [index = 0, ...more] = numbers
  const scope = scopes[index - 1]
  if (word === 'refused' && scope !== undefined) return refusedBy(scope, more)
  const rate = takes[index - 1]
  if (word === 'limited' && rate !== undefined) return limitedBy(rate, more)
  throw new Error(`the ledger answered ${String(word)}`)
}

function heldOf(
  [offer = 0, ...shadowed]: readonly number[],
  limits: readonly { readonly name: string }[],
): Reservation & { readonly kind: 'held' } {
  return { kind: 'held', offer: offer - 1, shadowed: shadowed.flatMap(index => limits[index - 1]?.name ?? []) }
}

function refusedBy(scope: Scope, [remainingNanoUsd = 0, reservedNanoUsd = 0]: readonly number[]): Reservation {
  return { kind: 'refused', scope, remainingNanoUsd, reservedNanoUsd }
}

function limitedBy(rate: Rate, [waitMs = 0]: readonly number[]): Reservation {
  return { kind: 'limited', rate, ...(waitMs < 0 ? {} : { retryAfterMs: waitMs }) }
}
