import type { Duration__Output } from '../generated/google/protobuf/Duration.ts'

/** A duration on the wire. */
export interface WireDuration {
  readonly seconds: number
  readonly nanos: number
}

/** Ten thousand years. @source google/protobuf/duration.proto */
const longestMs = 315_576_000_000_000

/**
 * Milliseconds as a duration; fractions are kept to the nanosecond, and what is longer than a duration may be is
 * cut.
 */
export function durationToWire(ms: number): WireDuration {
  const nanos = Math.round(Math.max(-longestMs, Math.min(longestMs, ms)) * 1e6)
  return { seconds: Math.trunc(nanos / 1e9), nanos: nanos % 1e9 }
}

/** A duration in milliseconds. */
export function durationFromWire(duration: Duration__Output): number {
  return duration.seconds * 1000 + duration.nanos / 1e6
}

/** Epoch milliseconds as a timestamp. */
export function timestampToWire(atMs: number): WireDuration {
  return { seconds: Math.floor(atMs / 1000), nanos: Math.round((atMs % 1000) * 1e6) }
}

/** A timestamp in epoch milliseconds. */
export function timestampFromWire({ seconds, nanos }: WireDuration): number {
  return seconds * 1000 + nanos / 1e6
}
