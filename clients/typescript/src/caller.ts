import type { CallOptions as GrpcCallOptions, Client, Metadata } from '@grpc/grpc-js'
import { metadataOf } from './channel.ts'
import { deadlineAtOf, defaults, type CallOptions, type ClientOptions, type RetryOptions } from './client-options.ts'
import { CancelledError } from './errors.ts'
import type { Method } from './protocol.ts'
import { readError } from './read-error.ts'
import { waitToRetry, type RetryRules } from './retry.ts'
import { eventsOf } from './stream.ts'

/** One call: what is asked of which method, and how. */
export interface Call<Request, Response> {
  readonly method: Method<Request, Response>
  readonly request: Request
  readonly options: CallOptions | undefined
  /** See {@link RetryRules}. */
  readonly isRepeatable: boolean
  /** Where the call names none; the client's otherwise. */
  readonly deadlineMs?: number
  /** A stream of states begins with the present one: it is opened again wherever it broke. */
  readonly goesOn?: boolean
}

/** Makes calls over one channel. */
export interface Caller {
  unary<Request, Response>(call: Call<Request, Response>): Promise<Response>
  stream<Request, Response>(call: Call<Request, Response>): AsyncIterableIterator<Response>
  /** The time of a call in ms, `Infinity` for none. */
  deadlineMsOf(options: CallOptions | undefined): number
  /** Whether a call would be tried again. */
  retries(options: CallOptions | undefined): boolean
}

/** Makes the caller of a channel. */
export function createCaller(client: Client, options: ClientOptions): Caller {
  const retry: RetryOptions | undefined = options.retry === false ? undefined : { ...defaults.retry, ...options.retry }
  const deadlineMsOf = (own: CallOptions | undefined): number =>
    own?.deadlineMs ?? options.deadlineMs ?? defaults.deadlineMs
  const rulesOf = <Request, Response>(call: Call<Request, Response>): RetryRules => ({
    retry: call.options?.retry === false ? undefined : retry,
    deadlineAt: deadlineAtOf(call.options?.deadlineMs ?? call.deadlineMs ?? deadlineMsOf(undefined), Date.now()),
    signal: call.options?.signal,
    isRepeatable: call.isRepeatable,
  })
  const begin = async (own: CallOptions | undefined, deadlineAt: number): Promise<[Metadata, GrpcCallOptions]> => {
    if (own?.signal?.aborted === true) throw leftBefore(own.signal)
    return [await metadataOf(options.apiKey, own?.metadata), { deadline: deadlineAt }]
  }
  return {
    deadlineMsOf,
    retries: own => own?.retry !== false && retry !== undefined,
    async unary(call) {
      const rules = rulesOf(call)
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await ask(client, call, await begin(call.options, rules.deadlineAt))
        } catch (error) {
          await waitToRetry(error, attempt, rules)
        }
      }
    },
    stream(call) {
      const rules = rulesOf(call)
      return eventsOf(call.goesOn === true, rules, async () => {
        const [metadata, way] = await begin(call.options, rules.deadlineAt)
        const { path, requestSerialize, responseDeserialize } = call.method
        return client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, call.request, metadata, way)
      })
    },
  }
}

function leftBefore({ reason }: AbortSignal): CancelledError {
  const nothing = { reason: '', metadata: {}, retryAfterMs: undefined, fields: [], quotas: [] }
  return new CancelledError('the caller left before the call', { status: 'CANCELLED', ...nothing }, { cause: reason })
}

function ask<Request, Response>(
  client: Client,
  { method, request, options }: Call<Request, Response>,
  [metadata, way]: readonly [Metadata, GrpcCallOptions],
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const { path, requestSerialize, responseDeserialize } = method
    const cancel = (): void => call.cancel()
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      way,
      (error, answer) => {
        options?.signal?.removeEventListener('abort', cancel)
        if (error !== null || answer === undefined) reject(readError(error ?? new Error('the call has no answer')))
        else resolve(answer)
      },
    )
    options?.signal?.addEventListener('abort', cancel, { once: true })
  })
}
