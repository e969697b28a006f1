import type { ClientReadableStream } from '@grpc/grpc-js'
import { readError } from './read-error.ts'
import { waitToRetry, type RetryRules } from './retry.ts'

type Open<Event> = () => Promise<ClientReadableStream<Event>>

/**
 * The events of a stream as they come. Whoever leaves the loop, or calls `return()` beside it, cancels the call.
 * `goesOn`: the stream is opened again wherever it broke, and not before its first event alone.
 */
export function eventsOf<Event>(
  goesOn: boolean,
  rules: RetryRules,
  open: Open<Event>,
): AsyncIterableIterator<Event, undefined, undefined> {
  let running: ClientReadableStream<Event> | undefined
  let hasLeft = false
  const cancel = (): void => running?.cancel()
  const finish = (): void => rules.signal?.removeEventListener('abort', cancel)
  rules.signal?.addEventListener('abort', cancel, { once: true })
  const events = repeated(goesOn, rules, async () => {
    running = await open()
    if (hasLeft) cancel()
    return running
  })
  return {
    async next() {
      try {
        const next = await events.next()
        if (next.done === true) finish()
        return hasLeft ? { done: true, value: undefined } : next
      } catch (error) {
        finish()
        if (hasLeft) return { done: true, value: undefined }
        throw error
      }
    },
    async return() {
      hasLeft = true
      finish()
      // A generator that waits hears of its end when it goes on, and it goes on when its call ends.
      cancel()
      await events.return(undefined).catch(() => undefined)
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/**
 * Events that were told cannot be taken back, so a stream is begun again only before its first, or where it goes on.
 */
async function* repeated<Event>(
  goesOn: boolean,
  rules: RetryRules,
  open: Open<Event>,
): AsyncGenerator<Event, undefined, undefined> {
  for (let attempt = 1; ; attempt += 1) {
    let begun = false
    try {
      for await (const event of await open()) {
        begun = true
        yield event as Event
      }
      return undefined
    } catch (thrown) {
      const error = readError(thrown)
      if (begun && !goesOn) throw error
      if (begun) attempt = 1
      await waitToRetry(error, attempt, rules)
    }
  }
}
