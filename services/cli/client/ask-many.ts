import type { ServiceError } from '@grpc/grpc-js'
import { packageRoot } from '#services/config/load-config'
import { sleep } from '#services/platform/process/every'
import { loadErrorMessages } from '#services/wire/load-proto'
import { readFailure } from '#services/wire/status'
import type { InferResponse__Output } from '#services/wire/generated/sluice/v1/InferResponse'
import type { GatewayCaller } from './client.ts'
import { isServiceError } from './failure.ts'
import { checkMessageSize } from './message-size.ts'
import type { NamedRequest } from './many-requests.ts'

/** What one of many came to. */
export type ManyOutcome = { readonly id: string | number } & (
  | { readonly response: InferResponse__Output }
  | { readonly error: unknown }
)

const tries = 4
/** A gateway that asks for more patience means a budget or a quota of a day. */
const longestPauseMs = 10_000

/**
 * Sends many requests, so many at once, and reports them in their order. One that fails stops no other; one that
 * is refused for the moment is sent again when the gateway says so.
 */
export async function* askMany(
  gateway: GatewayCaller,
  requests: AsyncIterable<NamedRequest> | Iterable<NamedRequest>,
  concurrency: number,
): AsyncGenerator<ManyOutcome> {
  const messages = loadErrorMessages(packageRoot())
  const pauseOf = (error: unknown): number | undefined => {
    if (!isServiceError(error)) return undefined
    const { status, retryAfterMs } = readFailure(error as unknown as ServiceError, messages)
    const passes = status === 'UNAVAILABLE' || status === 'RESOURCE_EXHAUSTED'
    return passes && retryAfterMs !== undefined && retryAfterMs <= longestPauseMs ? retryAfterMs : undefined
  }
  const ask = async ({ id, make }: NamedRequest): Promise<ManyOutcome> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const request = make()
        checkMessageSize(request, gateway.messageBytes)
        return { id, response: await gateway.call('Infer', request) }
      } catch (error) {
        const pauseMs = attempt < tries ? pauseOf(error) : undefined
        if (pauseMs === undefined) return { id, error }
        await sleep(pauseMs)
      }
    }
  }
  yield* inOrder(requests, ask, concurrency)
}

/** Answers that are there and wait for an older one; more of them would fill the memory behind one that is slow. */
const mostWaitingEach = 16

/** Works on many at once and gives each in its order, also while the next one is not known yet. */
async function* inOrder<From, To>(
  all: AsyncIterable<From> | Iterable<From>,
  work: (one: From) => Promise<To>,
  concurrency: number,
): AsyncGenerator<To> {
  const queue: Promise<To>[] = []
  const state = { running: 0, ended: false, left: false }
  let waiting: (() => void)[] = []
  const changed = (): Promise<void> => new Promise(resolve => waiting.push(resolve))
  const notify = (): void => {
    const woken = waiting
    waiting = []
    for (const resolve of woken) resolve()
  }
  const isFull = (): boolean => state.running >= concurrency || queue.length >= concurrency * mostWaitingEach
  const read = async (): Promise<void> => {
    try {
      for await (const one of all) {
        while (isFull() && !state.left) await changed()
        if (state.left) return
        state.running += 1
        const worked = work(one).finally(() => {
          state.running -= 1
          notify()
        })
        queue.push(worked)
        notify()
      }
    } finally {
      state.ended = true
      notify()
    }
  }
  const reading = read()
  try {
    while (!state.ended || queue.length > 0) {
      const next = queue.shift()
      if (next === undefined) await changed()
      else yield await next
      notify()
    }
    await reading
  } finally {
    state.left = true
    notify()
    reading.catch(() => {
      // Reported above, unless the caller wanted no more.
    })
  }
}
