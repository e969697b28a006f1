/** Where the gateway is, who calls, and how patient the client is. */
export interface ClientOptions {
  /**
   * `host:port`, or any name that gRPC resolves. A name of several addresses (`dns:///sluice-router-headless:50051`)
   * is called in turn.
   * @default '127.0.0.1:50051'
   */
  readonly address?: string
  /** An API key or a JSON Web Token; a function is asked before every call, so that a token can be renewed. */
  readonly apiKey?: string | (() => string | Promise<string>)
  /** TLS; absent means plain text, as the gateway has it by default. `true` trusts the authorities of Node. */
  readonly tls?: boolean | TlsOptions
  /**
   * Time of a call that names none; `Infinity` for none. `watchJob` has none by default.
   * @default 60000
   */
  readonly deadlineMs?: number
  /** How calls are tried again; `false` for never. */
  readonly retry?: Partial<RetryOptions> | false
  /**
   * Largest message that is taken. Pictures are up to 16 MiB.
   * @default 67108864
   */
  readonly mostMessageBytes?: number
}

/** Certificates as PEM. */
export interface TlsOptions {
  /** Authorities to trust in place of those of Node. */
  readonly ca?: string | Buffer
  /** The client's own certificate, for mutual TLS. */
  readonly certificate?: string | Buffer
  /** The key of that certificate. */
  readonly key?: string | Buffer
  /** The name that the gateway's certificate has, where it is another than that of the address. */
  readonly serverName?: string
}

/** How calls are tried again. */
export interface RetryOptions {
  /**
   * Calls in all, the first among them.
   * @default 4
   */
  readonly attempts: number
  /**
   * Wait before the second call; it doubles from there. The gateway's own word (RetryInfo) goes before it.
   * @default 200
   */
  readonly firstDelayMs: number
  /**
   * Longest wait of the client's own.
   * @default 5000
   */
  readonly mostDelayMs: number
}

/** How one call is made. */
export interface CallOptions {
  /** Time from now to the answer, retries included: also the time within which the gateway decides. */
  readonly deadlineMs?: number
  /** Ends the call when it is aborted. */
  readonly signal?: AbortSignal
  /** `false`: this call is made once, without a key of the client's own. */
  readonly retry?: false
  /** Headers, such as `traceparent`. */
  readonly metadata?: Readonly<Record<string, string>>
}

/** What is not said otherwise. */
export const defaults = {
  address: '127.0.0.1:50051',
  deadlineMs: 60_000,
  mostMessageBytes: 64 * 1024 * 1024,
  retry: { attempts: 4, firstDelayMs: 200, mostDelayMs: 5000 },
} as const

/** Timers of Node hold no more. */
const mostDeadlineMs = 2 ** 31 - 1

/** Epoch ms of a deadline. @throws RangeError for a time that is none */
export function deadlineAtOf(deadlineMs: number, now: number): number {
  if (deadlineMs === Infinity) return Infinity
  if (!(deadlineMs > 0 && deadlineMs <= mostDeadlineMs)) {
    throw new RangeError(`deadlineMs: expected more than 0 and at most ${mostDeadlineMs}, or Infinity`)
  }
  return now + deadlineMs
}
