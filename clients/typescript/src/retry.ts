import { setTimeout as wait } from 'node:timers/promises'
import type { RetryOptions } from './client-options.ts'
import { SluiceError } from './errors.ts'

/** How a call may be tried again. */
export interface RetryRules {
  /** Absent: never. */
  readonly retry: RetryOptions | undefined
  readonly deadlineAt: number
  readonly signal: AbortSignal | undefined
  /**
   * Whether a repetition does no harm where nobody knows what became of the call: it only reads, or has an
   * idempotency key.
   */
  readonly isRepeatable: boolean
}

/**
 * Waits before the next attempt, or throws the error where there is none. A call is tried again when the gateway says
 * when (RetryInfo), and when it was UNAVAILABLE and may be repeated; never when the wait outlasts the deadline.
 */
export async function waitToRetry(thrown: unknown, attempt: number, rules: RetryRules): Promise<void> {
  const { retry, deadlineAt, signal } = rules
  if (retry === undefined || attempt >= retry.attempts || !mayRetry(thrown, rules)) throw thrown
  const ownMs = Math.min(retry.mostDelayMs, retry.firstDelayMs * 2 ** (attempt - 1))
  // Spread, so that callers who failed together do not come back together.
  const delayMs = Math.max(ownMs * (0.5 + Math.random() / 2), (thrown.retryAfterMs ?? 0) * (1 + Math.random() / 5))
  if (Date.now() + delayMs >= deadlineAt) throw thrown
  try {
    await wait(delayMs, undefined, signal === undefined ? {} : { signal })
  } catch {
    throw thrown
  }
}

function mayRetry(thrown: unknown, { isRepeatable, signal }: RetryRules): thrown is SluiceError {
  if (!(thrown instanceof SluiceError) || signal?.aborted === true) return false
  const { status, retryAfterMs } = thrown
  if (status === 'UNAVAILABLE') return isRepeatable || retryAfterMs !== undefined
  return status === 'RESOURCE_EXHAUSTED' && retryAfterMs !== undefined
}
