import type { UpstreamFault } from './wire/upstream-error.ts'
import type { Oddity } from '#services/backends/oddity'

/** Events of calls to servers; metrics subscribe to them. */
export interface UpstreamMeter {
  /** One attempt ended: well, or by which fault. */
  attempt(model: string, end: 'ok' | 'called-off' | UpstreamFault): void
  /** The first piece of an answer came. */
  firstPiece(model: string, ms: number): void
  /** Time between tokens of one answer. */
  tokenTime(model: string, ms: number): void
  /** What an answer used; `estimated` when the server did not say, or said what cannot be. */
  tokens(model: string, counts: TokenCounts): void
  /** An answer was taken though something beside it was odd. */
  oddity(model: string, kind: Oddity): void
  /** Registers a reader of the state of a model's endpoints, which runs at each scrape. */
  watch(model: string, states: () => readonly EndpointView[]): void
}

/** Tokens of an answer: each is counted in one of these alone. */
export interface TokenCounts {
  /** Neither read from nor written to a prompt cache. */
  readonly input: number
  readonly cached: number
  readonly cacheWritten: number
  readonly output: number
  readonly reasoning: number
  readonly estimated: boolean
}

/** An endpoint as it is now. Its place in the configuration names it: addresses may hold secrets. */
export interface EndpointView {
  readonly place: number
  readonly breaker: 'closed' | 'open' | 'half-open'
  readonly ejected: boolean
  readonly load: number
}

/** Ignores all events: for models that are not measured. */
export const silentMeter: UpstreamMeter = {
  attempt: () => {},
  firstPiece: () => {},
  tokenTime: () => {},
  tokens: () => {},
  oddity: () => {},
  watch: () => {},
}
