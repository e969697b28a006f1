import type { Clock } from '#services/contract/clock'
import type { RateStanding } from '#services/router/ledger/read-budget'
import type { Dialect } from './failures.ts'

/**
 * What a tenant's limits stand at, in the headers of the wire.
 * @source OpenAI's guide "Rate limits"; Anthropic's API reference "Rate limits", response headers
 */
export function rateHeaders(
  standings: readonly RateStanding[],
  dialect: Dialect,
  clock: Clock,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    standings.flatMap(({ kind, limit, remaining, resetMs }) =>
      dialect === 'openai'
        ? [
            [`x-ratelimit-limit-${kind}`, String(limit)],
            [`x-ratelimit-remaining-${kind}`, String(remaining)],
            [`x-ratelimit-reset-${kind}`, durationText(resetMs)],
          ]
        : [
            [`anthropic-ratelimit-${kind}-limit`, String(limit)],
            [`anthropic-ratelimit-${kind}-remaining`, String(remaining)],
            [`anthropic-ratelimit-${kind}-reset`, secondText(clock.now() + resetMs)],
          ],
    ),
  )
}

/** `0s`, `120ms`, `7.66s`, `6m0s`: a duration as Go writes it. */
function durationText(ms: number): string {
  const whole = Math.ceil(ms)
  if (whole > 0 && whole < 1000) return `${whole}ms`
  const hours = Math.floor(whole / 3_600_000)
  const minutes = Math.floor(whole / 60_000) % 60
  const seconds = `${(whole % 60_000) / 1000}s`
  if (hours > 0) return `${hours}h${minutes}m${seconds}`
  return minutes > 0 ? `${minutes}m${seconds}` : seconds
}

/** Whole seconds of RFC 3339. */
function secondText(at: number): string {
  return new Date(Math.ceil(at / 1000) * 1000).toISOString().replace('.000Z', 'Z')
}
