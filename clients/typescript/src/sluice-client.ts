import { randomUUID } from 'node:crypto'
import { createCaller } from './caller.ts'
import { openChannel } from './channel.ts'
import type { CallOptions, ClientOptions } from './client-options.ts'
import type { CountTokensResponse__Output as CountTokensResponse } from './generated/sluice/v1/CountTokensResponse.ts'
import type { ExplainResponse__Output as ExplainResponse } from './generated/sluice/v1/ExplainResponse.ts'
import type { GetBudgetResponse__Output as GetBudgetResponse } from './generated/sluice/v1/GetBudgetResponse.ts'
import type { InferEvent__Output as InferEvent } from './generated/sluice/v1/InferEvent.ts'
import type { InferRequest } from './generated/sluice/v1/InferRequest.ts'
import type { InferResponse__Output as InferResponse } from './generated/sluice/v1/InferResponse.ts'
import type { Job__Output as Job } from './generated/sluice/v1/Job.ts'
import type { ListJobsRequest } from './generated/sluice/v1/ListJobsRequest.ts'
import type { ListModelsRequest } from './generated/sluice/v1/ListModelsRequest.ts'
import type { Model__Output as Model } from './generated/sluice/v1/Model.ts'
import type { SendFeedbackRequest } from './generated/sluice/v1/SendFeedbackRequest.ts'
import { loadProtocol } from './protocol.ts'
import { UnavailableError } from './errors.ts'

/** A client of the gateway. Every call throws a {@link SluiceError} of its status. */
export interface SluiceClient {
  /**
   * The answer of the cheapest rung that is trusted. It is tried again under an idempotency key, which the client
   * makes where the request has none, so that no retry is paid twice. A request with a key goes on at the gateway
   * when its caller leaves: with `retry: false` leaving ends it.
   */
  infer(request: InferRequest, options?: CallOptions): Promise<InferResponse>
  /** The same, as it happens. Leaving the loop cancels the call, unless the request has an idempotency key. */
  inferStream(request: InferRequest, options?: CallOptions): AsyncIterableIterator<InferEvent>
  /** The decision, without running or reserving anything. */
  explain(request: InferRequest, options?: CallOptions): Promise<ExplainResponse>
  /** How many tokens each model would read, without running or reserving anything. */
  countTokens(request: InferRequest, options?: CallOptions): Promise<CountTokensResponse>
  /** Starts a durable job. */
  submit(request: InferRequest, options?: CallOptions): Promise<Job>
  getJob(jobId: string, options?: CallOptions): Promise<Job>
  /** The caller's newest jobs, without their answers. */
  listJobs(request?: ListJobsRequest, options?: CallOptions): Promise<readonly Job[]>
  /** The job now, and again at each change, until it ends; through lost connections too. */
  watchJob(jobId: string, options?: CallOptions): AsyncIterableIterator<Job>
  cancelJob(jobId: string, options?: CallOptions): Promise<Job>
  /** Reports how good an answer was. */
  sendFeedback(feedback: SendFeedbackRequest, options?: CallOptions): Promise<void>
  listModels(request?: ListModelsRequest, options?: CallOptions): Promise<readonly Model[]>
  getBudget(options?: CallOptions): Promise<GetBudgetResponse>
  /** Resolves when there is a connection. */
  waitForReady(deadlineMs?: number): Promise<void>
  close(): void
  [Symbol.dispose](): void
}

/** Makes a client; it connects at the first call, and again after a loss. */
export function createSluiceClient(options: ClientOptions = {}): SluiceClient {
  const { gateway } = loadProtocol()
  const channel = openChannel(options)
  const caller = createCaller(channel, options)
  /** With a key, the gateway no longer takes the time of the call for the time of the request: it is told apart. */
  const timed = (request: InferRequest, own: CallOptions | undefined): InferRequest => {
    const deadline = request.constraints?.deadline ?? durationOf(caller.deadlineMsOf(own))
    if (!hasKey(request) || deadline === undefined) return request
    return { ...request, constraints: { ...request.constraints, deadline } }
  }
  const keyed = (request: InferRequest, own: CallOptions | undefined): InferRequest =>
    hasKey(request) || !caller.retries(own) ? request : { ...request, idempotencyKey: randomUUID() }
  const close = (): void => channel.close()
  return {
    infer(given, own) {
      const request = timed(keyed(given, own), own)
      return caller.unary({ method: gateway.Infer, request, options: own, isRepeatable: hasKey(request) })
    },
    inferStream(given, own) {
      const request = timed(given, own)
      return caller.stream({ method: gateway.InferStream, request, options: own, isRepeatable: hasKey(request) })
    },
    explain: (request, own) => caller.unary({ method: gateway.Explain, request, options: own, isRepeatable: true }),
    countTokens: (request, own) =>
      caller.unary({ method: gateway.CountTokens, request, options: own, isRepeatable: true }),
    submit(given, own) {
      const request = keyed(given, own)
      return caller.unary({ method: gateway.Submit, request: { request }, options: own, isRepeatable: hasKey(request) })
    },
    getJob: (jobId, own) =>
      caller.unary({ method: gateway.GetJob, request: { jobId }, options: own, isRepeatable: true }),
    async listJobs(request = {}, own) {
      return (await caller.unary({ method: gateway.ListJobs, request, options: own, isRepeatable: true })).jobs
    },
    watchJob: (jobId, own) =>
      caller.stream({
        method: gateway.WatchJob,
        request: { jobId },
        options: own,
        isRepeatable: true,
        deadlineMs: Infinity,
        goesOn: true,
      }),
    cancelJob: (jobId, own) =>
      caller.unary({ method: gateway.CancelJob, request: { jobId }, options: own, isRepeatable: true }),
    async sendFeedback(request, own) {
      await caller.unary({ method: gateway.SendFeedback, request, options: own, isRepeatable: false })
    },
    async listModels(request = {}, own) {
      return (await caller.unary({ method: gateway.ListModels, request, options: own, isRepeatable: true })).models
    },
    getBudget: own => caller.unary({ method: gateway.GetBudget, request: {}, options: own, isRepeatable: true }),
    waitForReady: (deadlineMs = caller.deadlineMsOf(undefined)) =>
      new Promise((resolve, reject) => {
        channel.waitForReady(Date.now() + deadlineMs, error =>
          error === undefined ? resolve() : reject(notReady(error)),
        )
      }),
    close,
    [Symbol.dispose]: close,
  }
}

function hasKey({ idempotencyKey }: InferRequest): boolean {
  return idempotencyKey !== undefined && idempotencyKey !== ''
}

function durationOf(ms: number): { seconds: number; nanos: number } | undefined {
  if (!Number.isFinite(ms)) return undefined
  const whole = Math.ceil(ms)
  return { seconds: Math.floor(whole / 1000), nanos: (whole % 1000) * 1e6 }
}

function notReady(cause: Error): UnavailableError {
  const nothing = { reason: '', metadata: {}, retryAfterMs: undefined, fields: [], quotas: [] }
  return new UnavailableError(cause.message, { status: 'UNAVAILABLE', ...nothing }, { cause })
}
