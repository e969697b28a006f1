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
  /** A status of 500 and above, or an error within the stream. */
  | 'server'
  /** The stream ended before the answer did. */
  | 'truncated'
  /** What came is not what the protocol says. */
  | 'malformed'
  /** The server refused the request: a status of 400 and above that no second try mends. */
  | 'refused'
  /** The address, the model's name or the key is wrong: 401, 403, 404 and the like. */
  | 'misconfigured'
  | 'context-overflow'
  | 'content-filter'
  /** The model refuses to answer. */
  | 'model-refused'
  /** What the server gave is no answer: it gave up with nothing said, or more than can be taken. */
  | 'no-answer'
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

/**
 * What went wrong upstream. Its text may hold the server's own words, once the caller's and all keys are taken out
 * of them.
 */
export class UpstreamError extends Error {
  readonly fault: UpstreamFault
  readonly retryAfterMs: number | undefined
  /** Whether a part of the answer had come: then it is not asked for again. */
  readonly begun: boolean
  /** What the server answered, where it did. */
  readonly status: number | undefined
  /** Where the server is, without what may be secret in its address. */
  address: string | undefined

  constructor(
    fault: UpstreamFault,
    message: string,
    more: {
      readonly retryAfterMs?: number | undefined
      readonly begun?: boolean
      readonly status?: number | undefined
    } = {},
  ) {
    super(message)
    this.name = 'UpstreamError'
    this.fault = fault
    this.retryAfterMs = more.retryAfterMs
    this.begun = more.begun ?? false
    this.status = more.status
  }

  /** Whether the same request may go well if it is sent again. */
  get retryable(): boolean {
    return !this.begun && passing.has(this.fault)
  }
}

/** Returns whether a fault is the endpoint's own. */
export function blames(fault: UpstreamFault): boolean {
  return blameworthy.has(fault)
}

/** Statuses with which a server, or a proxy in front of it, says that it is busy, away or stopping. */
const ownStatuses: ReadonlySet<number> = new Set([502, 503, 504, 529])

/**
 * Returns whether the input may have caused a fault that speaks against the endpoint. Many servers answer 500 to a
 * text that is too long or a picture that they cannot read, some break the connection, and not all say why.
 */
export function mayBeOfInput({
  fault,
  status,
}: {
  readonly fault: UpstreamFault
  readonly status?: number | undefined
}): boolean {
  if (fault === 'connect' || fault === 'timeout') return false
  return status === undefined || !ownStatuses.has(status)
}

/** The fault in a word that the cascade can act on. */
export function legFailureOf(fault: UpstreamFault): LegFailure {
  return legFailures[fault] ?? 'upstream-error'
}

const legFailures: Readonly<Partial<Record<UpstreamFault, LegFailure>>> = {
  'context-overflow': 'context-overflow',
  'content-filter': 'content-filter',
  refused: 'upstream-refused',
  misconfigured: 'upstream-misconfigured',
  'model-refused': 'model-refused',
  'no-answer': 'model-error',
}
