/** Names the input of a call; it is asked only where a failure has made it matter. */
export type InputOf = () => string

/** How many failures are too many, and how long a rest is at first. */
export interface InputFailureOptions {
  readonly failures: number
  readonly openMs: number
}

/** Remembers which inputs have failed on an endpoint. */
export interface InputFailures {
  /** Whether an input has failed so often that it is not sent for a while. */
  rests(input: InputOf | undefined): boolean
  /** An input failed. False when that is no news: it failed here before and has not succeeded since. */
  failed(input: string): boolean
  /** A call succeeded: its input is not at fault. */
  succeeded(input: InputOf | undefined): void
}

interface Failed {
  count: number
  /** How often it was made to rest. */
  rested: number
  restUntil: number
  failedAt: number
}

const mostInputs = 256
/** A failure is forgotten after this: the server may have been mended, or made larger. */
const rememberMs = 600_000
const longestRestMs = 60_000

/** Makes the memory, empty. */
export function createInputFailures({ failures, openMs }: InputFailureOptions, now: () => number): InputFailures {
  const failed = new Map<string, Failed>()
  const find = (input: string): Failed | undefined => {
    const found = failed.get(input)
    if (found === undefined || now() - found.failedAt <= rememberMs) return found
    failed.delete(input)
    return undefined
  }
  return {
    rests: input => input !== undefined && failed.size > 0 && (find(input())?.restUntil ?? 0) > now(),
    failed(input) {
      const before = find(input)
      const { count = 0, rested = 0, restUntil = 0 } = before ?? {}
      const isSpent = count + 1 >= failures
      // The latest are kept: it is put behind the others.
      failed.delete(input)
      failed.set(input, {
        count: isSpent ? 0 : count + 1,
        rested: isSpent ? rested + 1 : rested,
        restUntil: isSpent ? now() + Math.min(longestRestMs, openMs * 2 ** rested) : restUntil,
        failedAt: now(),
      })
      const [oldest] = failed.keys()
      if (failed.size > mostInputs && oldest !== undefined) failed.delete(oldest)
      return before === undefined
    },
    succeeded(input) {
      if (input !== undefined && failed.size > 0) failed.delete(input())
    },
  }
}
