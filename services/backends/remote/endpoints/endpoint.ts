import { Agent } from 'undici'
import { blames, mayBeOfInput, type UpstreamFault } from '../wire/upstream-error.ts'
import { createBreaker, type BreakerOptions, type BreakerState } from './breaker.ts'
import type { InputOf } from './input-failures.ts'
import { recordsKept, type Record } from './outliers.ts'

/** How a call on an endpoint went. */
export type CallEnd =
  | { readonly kind: 'good'; readonly firstMs?: number }
  | {
      readonly kind: 'failed'
      readonly fault: UpstreamFault
      /** What the server answered, where it did. */
      readonly status?: number | undefined
      readonly retryAfterMs?: number | undefined
    }
  /** It was cancelled: nothing is known of the endpoint. */
  | { readonly kind: 'called-off' }

/** One address of a model, with what is known of it. */
export interface Endpoint {
  readonly baseUrl: string
  readonly dispatcher: Agent
  /** Calls in progress from here, and those waiting in its engine. */
  readonly load: number
  /** Calls under way from here. */
  readonly running: number
  readonly history: readonly Record[]
  readonly breaker: BreakerState
  /** Epoch ms until which its breaker keeps calls away; absent unless it does. */
  readonly shutUntil: number | undefined
  /** Another process has shut it off until then. */
  suspect(untilAt: number): void
  readonly ejected: boolean
  /** How its last failed call ended, such as `server 500`. */
  readonly lastFailure: string | undefined
  /** How long the server asked to be left alone from now on, in ms. */
  readonly restsForMs: number
  /** Whether a call with this input may begin, now or after its rest. */
  available(input?: InputOf): boolean
  begin(input?: InputOf): (end: CallEnd) => void
  eject(): void
  /** Reads the engine's queue from its metrics; 0 when it reports nothing. */
  setEngineWaiting(count: number): void
  close(): Promise<void>
}

/** How endpoints are made. */
export interface EndpointOptions extends BreakerOptions {
  readonly connectTimeoutMs: number
}

/** First time out of the choice after an ejection; it grows with each one, up to five minutes. */
const firstEjectionMs = 10_000
const longestEjectionMs = 300_000
/** How long a server that answers 429 without Retry-After is left alone. */
const restMs = 200

/** Makes an endpoint with connections of its own. */
export function createEndpoint(baseUrl: string, options: EndpointOptions, now: () => number): Endpoint {
  const breaker = createBreaker(options, now)
  const history: Record[] = []
  let running = 0
  let engineWaiting = 0
  let restUntil = 0
  let ejectedUntil = 0
  let ejections = 0
  let lastFailure: string | undefined
  const dispatcher = new Agent({
    connect: { timeout: options.connectTimeoutMs },
    headersTimeout: 0,
    bodyTimeout: 0,
    // A server that closes idle connections sooner than this would cost a call now and then.
    keepAliveTimeout: 4000,
  })

  // Time may be set back: what is left is never more than was given.
  const isEjected = (): boolean => now() < ejectedUntil && ejectedUntil <= now() + longestEjectionMs
  const take = (end: CallEnd, input: InputOf | undefined): void => {
    if (end.kind === 'failed') return takeFailure(end, input)
    if (end.kind === 'called-off') return breaker.ended()
    breaker.succeeded(input)
    remember(true, end.firstMs)
  }
  const takeFailure = (end: CallEnd & { readonly kind: 'failed' }, input: InputOf | undefined): void => {
    lastFailure = end.status === undefined ? end.fault : `${end.fault} ${end.status}`
    const limited = end.fault === 'rate-limit'
    const askedForMs = end.retryAfterMs ?? (limited ? restMs : undefined)
    if (askedForMs !== undefined) restUntil = now() + askedForMs
    if (blames(end.fault)) {
      if (breaker.failed(mayBeOfInput(end) ? input?.() : undefined)) remember(false, undefined)
      return
    }
    if (limited) breaker.ended()
    else breaker.succeeded()
    remember(true, undefined)
  }
  const remember = (good: boolean, firstMs: number | undefined): void => {
    history.push({ endedAt: now(), good, ...(firstMs === undefined ? {} : { firstMs }) })
    if (history.length > recordsKept) history.shift()
  }

  return {
    baseUrl,
    dispatcher,
    history,
    get load() {
      return running + engineWaiting
    },
    get running() {
      return running
    },
    get breaker() {
      return breaker.state
    },
    get shutUntil() {
      return breaker.openUntil
    },
    suspect: breaker.suspect,
    get ejected() {
      return isEjected()
    },
    get lastFailure() {
      return lastFailure
    },
    get restsForMs() {
      return Math.max(0, restUntil - now())
    },
    available: input => breaker.allows(input) && !isEjected(),
    begin(input) {
      running += 1
      breaker.began()
      let ended = false
      return end => {
        if (ended) return
        ended = true
        running -= 1
        take(end, input)
      }
    },
    eject() {
      ejectedUntil = now() + Math.min(longestEjectionMs, firstEjectionMs * 2 ** ejections)
      ejections += 1
      // Earlier failures do not count twice.
      history.length = 0
    },
    setEngineWaiting(count) {
      engineWaiting = count
    },
    close: () => dispatcher.destroy(),
  }
}
