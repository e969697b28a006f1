import { credentials, Metadata, type CallOptions, type ServiceError } from '@grpc/grpc-js'
import { fileURLToPath } from 'node:url'
import type { CountTokensResponse__Output } from '#services/wire/generated/sluice/v1/CountTokensResponse'
import type { ExplainResponse__Output } from '#services/wire/generated/sluice/v1/ExplainResponse'
import type { GetBudgetResponse__Output } from '#services/wire/generated/sluice/v1/GetBudgetResponse'
import type { InferEvent__Output } from '#services/wire/generated/sluice/v1/InferEvent'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import type { InferResponse__Output } from '#services/wire/generated/sluice/v1/InferResponse'
import type { Job__Output } from '#services/wire/generated/sluice/v1/Job'
import type { ListModelsResponse__Output } from '#services/wire/generated/sluice/v1/ListModelsResponse'
import { loadErrorMessages, loadServices, typesOf } from '#services/wire/load-proto'
import { readFailure } from '#services/wire/status'

const root = fileURLToPath(new URL('../..', import.meta.url))
const types = typesOf(loadServices(root))
const errorMessages = loadErrorMessages(root)

/** How one call is made. */
export interface CallSettings {
  readonly deadlineMs?: number
  /** Value of the `authorization` header. */
  readonly authorization?: string
  /** W3C trace context that the call is made in. */
  readonly traceparent?: string
  readonly signal?: AbortSignal
}

/** How a stream is read. */
export interface StreamSettings extends CallSettings {
  /** Hears each event as it comes, those before a failure too. */
  readonly onEvent?: (event: InferEvent__Output) => void
  /** How long to read nothing after an event. */
  readonly pauseMs?: (event: InferEvent__Output) => number
}

/** The gateway as a caller sees it. */
export interface GatewayClient {
  infer(request: InferRequest, settings?: CallSettings): Promise<InferResponse__Output>
  /** Every event until the end of the stream. */
  inferStream(request: InferRequest, settings?: StreamSettings): Promise<readonly InferEvent__Output[]>
  explain(request: InferRequest, settings?: CallSettings): Promise<ExplainResponse__Output>
  countTokens(request: InferRequest, settings?: CallSettings): Promise<CountTokensResponse__Output>
  submit(request: InferRequest, settings?: CallSettings): Promise<Job__Output>
  getJob(jobId: string, settings?: CallSettings): Promise<Job__Output>
  cancelJob(jobId: string, settings?: CallSettings): Promise<Job__Output>
  /** Every state of the job until it ends. */
  watchJob(jobId: string, settings?: CallSettings): Promise<readonly Job__Output[]>
  listModels(settings?: CallSettings): Promise<ListModelsResponse__Output>
  getBudget(settings?: CallSettings): Promise<GetBudgetResponse__Output>
  close(): void
}

interface Cancellable {
  cancel(): void
}

const largestMessageBytes = 256 * 1024 * 1024

/** Opens a client; it connects at the first call, and again after a loss. */
export function openClient(address: string): GatewayClient {
  const client = new types.sluice.v1.Gateway(address, credentials.createInsecure(), {
    'grpc.max_send_message_length': largestMessageBytes,
    'grpc.max_receive_message_length': largestMessageBytes,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 500,
  })
  return {
    infer: (request, settings) => unary(settings, (...way) => client.infer(request, ...way)),
    explain: (request, settings) => unary(settings, (...way) => client.explain(request, ...way)),
    countTokens: (request, settings) => unary(settings, (...way) => client.countTokens(request, ...way)),
    submit: (request, settings) => unary(settings, (...way) => client.submit({ request }, ...way)),
    getJob: (jobId, settings) => unary(settings, (...way) => client.getJob({ jobId }, ...way)),
    cancelJob: (jobId, settings) => unary(settings, (...way) => client.cancelJob({ jobId }, ...way)),
    listModels: settings => unary(settings, (...way) => client.listModels({}, ...way)),
    getBudget: settings => unary(settings, (...way) => client.getBudget({}, ...way)),
    inferStream: (request, settings) =>
      gathered(
        settings,
        (...way) => client.inferStream(request, ...way),
        (event, call) => {
          settings?.onEvent?.(event)
          const pauseMs = settings?.pauseMs?.(event) ?? 0
          if (pauseMs === 0) return
          call.pause()
          setTimeout(() => call.resume(), pauseMs)
        },
      ),
    watchJob: (jobId, settings) => gathered(settings, (...way) => client.watchJob({ jobId }, ...way)),
    close: () => client.close(),
  }
}

type Reply<Value> = (error: ServiceError | null, value?: Value) => void

const defaultDeadlineMs = 20_000

function wayOf(settings: CallSettings = {}): [Metadata, CallOptions] {
  const metadata = new Metadata()
  if (settings.authorization !== undefined) metadata.set('authorization', settings.authorization)
  if (settings.traceparent !== undefined) metadata.set('traceparent', settings.traceparent)
  return [metadata, { deadline: Date.now() + (settings.deadlineMs ?? defaultDeadlineMs) }]
}

function unary<Value>(
  settings: CallSettings | undefined,
  start: (metadata: Metadata, options: CallOptions, reply: Reply<Value>) => Cancellable,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const call = start(...wayOf(settings), (error, value) => {
      if (error !== null || value === undefined) reject(error ?? new Error('neither an answer nor an error'))
      else resolve(value)
    })
    settings?.signal?.addEventListener('abort', () => call.cancel(), { once: true })
  })
}

function gathered<Value>(
  settings: CallSettings | undefined,
  start: (metadata: Metadata, options: CallOptions) => Cancellable & NodeJS.ReadableStream,
  hear: (event: Value, call: NodeJS.ReadableStream) => void = () => {},
): Promise<readonly Value[]> {
  return new Promise((resolve, reject) => {
    const events: Value[] = []
    const call = start(...wayOf(settings))
    call.on('data', (event: Value) => {
      events.push(event)
      hear(event, call)
    })
    call.once('error', reject)
    call.once('end', () => resolve(events))
    settings?.signal?.addEventListener('abort', () => call.cancel(), { once: true })
  })
}

/** The failure of a call that must fail. @throws Error when it succeeds */
export async function failureOf(call: Promise<unknown>): Promise<ServiceError> {
  try {
    await call
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'metadata' in error) return error as ServiceError
    throw error
  }
  throw new Error('the call succeeded, although it must fail')
}

/** Fields that a failure names as bad. */
export function fieldsOf(failure: ServiceError): readonly string[] {
  return (readFailure(failure, errorMessages).violations ?? []).map(violation => violation.field)
}

/** A request of text for the given task. */
export function textRequest(text: string, more: InferRequest = {}): InferRequest {
  return { task: 'TASK_GENERATE', content: [{ text }], ...more }
}
