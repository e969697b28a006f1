import { setTimeout as sleep } from 'node:timers/promises'
import { UpstreamError } from '../wire/upstream-error.ts'
import type { InputOf } from './input-failures.ts'
import type { CallEnd, Endpoint } from './endpoint.ts'
import type { EndpointSet, PickOptions } from './endpoint-set.ts'
import type { RetryBudget } from './retry-budget.ts'
import { shownAddress } from '#services/platform/http/shown-address'

/** One call that may take several attempts. */
export interface AttemptOrder {
  readonly endpoints: EndpointSet
  readonly budget: RetryBudget
  readonly affinityKey?: string
  /** Identifies the input, so that failures it causes are not counted against an endpoint. */
  readonly input?: InputOf
  readonly mostAttempts: number
  readonly deadlineAt: number
  readonly now: () => number
  readonly signal: AbortSignal
  /** Told of every attempt's end. */
  readonly onEnd: (endpoint: Endpoint, end: CallEnd) => void
}

/** What one attempt does. `firstPiece` is to be called when the answer begins. @throws UpstreamError */
export type Attempt<T> = (endpoint: Endpoint, firstPiece: () => void) => Promise<T>

const firstPauseMs = 100

/**
 * Makes attempts until one succeeds or none is worth making: not after a part of an answer has come, not for what
 * no second try mends, not past the deadline, not beyond the budget of retries, and not on an endpoint that kept
 * silent.
 * @throws UpstreamError of the last attempt; the signal's own error when it is aborted
 */
export async function makeAttempts<T>(order: AttemptOrder, attempt: Attempt<T>): Promise<T> {
  const tried = new Set<string>()
  const silent = new Set<string>()
  let last: UpstreamError | undefined
  order.budget.called()
  for (let made = 1; ; made += 1) {
    const endpoint = order.endpoints.choose(pickOptionsOf(order, tried))
    if (endpoint === undefined) throw last ?? restingOf(order)
    await waitForRest(endpoint, order)
    try {
      return await attemptOnce(order, endpoint, attempt)
    } catch (error) {
      if (order.signal.aborted || !(error instanceof UpstreamError)) throw error
      error.address ??= shownAddress(endpoint.baseUrl)
      last = error
      tried.add(endpoint.baseUrl)
      if (error.fault === 'timeout') silent.add(endpoint.baseUrl)
      const pauseMs = pauseBefore(order, error, { made, tried, silent })
      if (pauseMs === undefined) throw error
      await sleep(pauseMs, undefined, { signal: order.signal })
    }
  }
}

function pickOptionsOf({ affinityKey, input }: AttemptOrder, avoid: ReadonlySet<string>): PickOptions {
  return { avoid, ...(affinityKey === undefined ? {} : { affinityKey }), ...(input === undefined ? {} : { input }) }
}

/** Reports the last failure of each of the first endpoints, so that operators can see why they get no calls. */
function restingOf({ endpoints }: AttemptOrder): UpstreamError {
  const failures = endpoints.endpoints
    .slice(0, 3)
    .map(({ baseUrl, lastFailure = 'no failure' }) => `${shownAddress(baseUrl)} after ${lastFailure}`)
  return new UpstreamError('resting', `every endpoint is resting: ${failures.join(', ')}`)
}

/** A server that asked for time gets it, as long as there is any. */
async function waitForRest({ restsForMs }: Endpoint, order: AttemptOrder): Promise<void> {
  const { now, deadlineAt, signal } = order
  if (restsForMs === 0) return
  if (now() + restsForMs >= deadlineAt) throw restingOf(order)
  await sleep(restsForMs, undefined, { signal })
}

async function attemptOnce<T>(order: AttemptOrder, endpoint: Endpoint, attempt: Attempt<T>): Promise<T> {
  const startedAt = order.now()
  let firstMs: number | undefined
  const ended = endpoint.begin(order.input)
  const end = (how: CallEnd): void => {
    ended(how)
    order.onEnd(endpoint, how)
  }
  try {
    const result = await attempt(endpoint, () => {
      firstMs ??= order.now() - startedAt
    })
    end({ kind: 'good', ...(firstMs === undefined ? {} : { firstMs }) })
    return result
  } catch (error) {
    if (order.signal.aborted || !(error instanceof UpstreamError)) end({ kind: 'called-off' })
    else end({ kind: 'failed', fault: error.fault, status: error.status, retryAfterMs: error.retryAfterMs })
    throw error
  }
}

/** The attempts that were made, and the endpoints that failed them or kept silent, by address. */
interface Progress {
  readonly made: number
  readonly tried: ReadonlySet<string>
  readonly silent: ReadonlySet<string>
}

/** How long to wait before the next attempt; `undefined` when none is to be made. */
function pauseBefore(order: AttemptOrder, error: UpstreamError, { made, tried, silent }: Progress): number | undefined {
  if (!error.retryable || made >= order.mostAttempts) return undefined
  const elsewhere = order.endpoints.hasOther(tried, order.input)
  // What kept silent once would most likely cost the same time again.
  if (!elsewhere && order.endpoints.endpoints.every(endpoint => silent.has(endpoint.baseUrl))) return undefined
  const pauseMs = elsewhere ? 0 : pauseOf(made, error.retryAfterMs)
  if (order.now() + pauseMs >= order.deadlineAt || !order.budget.take()) return undefined
  return pauseMs
}

/** Doubling, with jitter so that those who were refused together do not come back together. */
function pauseOf(made: number, retryAfterMs: number | undefined): number {
  const stepMs = firstPauseMs * 2 ** (made - 1)
  return retryAfterMs === undefined ? stepMs * (0.5 + Math.random()) : retryAfterMs + firstPauseMs * Math.random()
}
