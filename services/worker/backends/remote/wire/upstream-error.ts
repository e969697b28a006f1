import type { LegFailure } from '#services/state/cascade-log/cascade-log'

/** What can go wrong with a server: a closed set, for breakers and labels. */
export type UpstreamFault =
  /** No connection came about. */
  | 'connect'
  /** Connected, but nothing came in time: no first piece, no next one, or no end. */
  | 'timeout'
  /** The connection broke. */
  | 'reset'
  /** 429. */
  | 'rate-limit'
  /** A status of 500 and above, or an error told within the stream. */
  | 'server'
  /** The stream ended before the answer did. */
  | 'truncated'
  /** What came is not what the protocol says. */
  | 'malformed'
  /** A status of 400 and above that no second try mends. */
  | 'refused'
  | 'context-overflow'
  | 'content-filter'
  /** Every endpoint is resting: its breaker is open, it was ejected, or it asked for time. */
  | 'resting'

/** Faults that the same request may be over at its next try, on whatever endpoint. */
const passing: ReadonlySet<UpstreamFault> = new Set([
  'connect',
  'timeout',
  'reset',
  'rate-limit',
  'server',
  'truncated',
])

/** Faults that speak against the endpoint rather than against the request. */
const blameworthy: ReadonlySet<UpstreamFault> = new Set([
  'connect',
  'timeout',
  'reset',
  'server',
  'truncated',
  'malformed',
])

/** What went wrong upstream. The text names statuses and kinds, never the server's words: they may quote the content. */
export class UpstreamError extends Error {
  readonly fault: UpstreamFault
  readonly retryAfterMs: number | undefined
  /** Whether a part of the answer had come: then it is not asked for again. */
  readonly begun: boolean

  constructor(
    fault: UpstreamFault,
    message: string,
    more: { readonly retryAfterMs?: number | undefined; readonly begun?: boolean } = {},
  ) {
    super(message)
    this.name = 'UpstreamError'
    this.fault = fault
    this.retryAfterMs = more.retryAfterMs
    this.begun = more.begun ?? false
  }

  /** Whether the same request may go well if it is sent again. */
  get retryable(): boolean {
    return !this.begun && passing.has(this.fault)
  }
}

/** Tells whether a fault is the endpoint's own. */
export function blames(fault: UpstreamFault): boolean {
  return blameworthy.has(fault)
}

/** The fault in a word that the climb can act on. */
export function legFailureOf(fault: UpstreamFault): LegFailure {
  return fault === 'context-overflow' || fault === 'content-filter' ? fault : 'upstream-error'
}
