import type { Answer } from '#services/contract/answer'
import type { Task, TaskOptions } from '#services/contract/content'
import type { Conversation } from '#services/contract/conversation'
import { GatewayError } from '#services/contract/errors'
import type { RequestId } from '#services/contract/ids'
import type { InferenceRequest } from '#services/contract/request'
import type { Pictures } from '#services/router/deliver/pictures'
import type { CountTokens } from '../call/count-tokens.ts'
import type { RequestHandler } from '#services/router/pipeline/handle-request'
import type { EmitEvent, Incoming } from '#services/router/request/states'
import { answerHeaders } from './answer-report.ts'
import { refusedBefore, refusedOf, type Refusal, type Refused } from './refusal.ts'
import { readSettings } from './request-headers.ts'
import { inWireNames, type WireNames } from './body/wire-names.ts'
import type { HttpCall } from './serve-route.ts'

/** What routes that ask models stand on. */
export interface InferDependencies {
  readonly handler: RequestHandler
  readonly countTokens: CountTokens
  readonly pictures: Pictures
  /** Names of every configured model and rung, and of every ladder. */
  readonly names: { readonly models: ReadonlySet<string>; readonly ladders: ReadonlySet<string> }
  /** Default deadline of a request. */
  readonly defaultDeadlineMs: number
}

/** A request from its body alone, without its headers. */
export interface Asked extends Conversation {
  readonly task: Task
  /** `auto`, a ladder, or a model. */
  readonly model: string
  readonly options: TaskOptions
  /** Absent where the fields are called as in the contract. */
  readonly names?: WireNames
}

/** A request with what its fields are called in its wire. */
export interface WireIncoming extends Incoming {
  readonly names?: WireNames
}

/** An answer with the request that it answers. */
export interface Answered {
  readonly requestId: RequestId
  readonly answer: Answer
  /** Why there is nothing to read, where a model or a filter refused: the wires have words of their own for it. */
  readonly refusal?: Refusal
}

/**
 * Puts together what the body and the headers of a call ask for.
 * @throws GatewayError InvalidRequest, NotFound for a model that there is not
 */
export function incomingOf(
  asked: Asked,
  { context, headers }: HttpCall,
  dependencies: InferDependencies,
): WireIncoming {
  const { constraints, clientTimeoutMs, retrieval, ...settings } = readSettings(headers)
  const options = retrieval === undefined ? asked.options : { ...asked.options, retrieval }
  const { caller, arrivedAt, connection, traceparent, tracestate } = context
  // The timeout header of a client library limits the deadline; it does not extend it.
  const usual = clientTimeoutMs === undefined ? {} : { deadlineMs: dependencies.defaultDeadlineMs }
  return {
    caller,
    arrivedAt,
    connection,
    mode: 'sync',
    ...(asked.names === undefined ? {} : { names: asked.names }),
    request: requestOf({ ...asked, options }, { ...settings, constraints: { ...usual, ...constraints } }, dependencies),
    ...(clientTimeoutMs === undefined ? {} : { callDeadlineAt: arrivedAt + clientTimeoutMs }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate }),
  }
}

/**
 * A request with the settings of its call.
 * @throws GatewayError NotFound for a model that there is not
 */
export function requestOf(
  { task, model, options, names: _names, ...conversation }: Asked,
  { constraints, ...settings }: Pick<InferenceRequest, 'constraints' | 'labels' | 'idempotencyKey' | 'sessionKey'>,
  dependencies: Pick<InferDependencies, 'names'>,
): InferenceRequest {
  return {
    task,
    options,
    ...conversation,
    ...settings,
    constraints: { ...constraints, ...pinOf(model, dependencies) },
  }
}

/** Asks, and gives the answer; its headers are set. @throws GatewayError */
export async function infer(
  { names, ...incoming }: WireIncoming,
  call: HttpCall,
  { handler, pictures }: InferDependencies,
  emit?: EmitEvent,
): Promise<Answered> {
  const isChat = incoming.request.task === 'generate'
  const given = (requestId: RequestId, answer: Answer, refused?: Refused): Answered => {
    if (emit === undefined) call.reply.headers(answerHeaders(requestId, answer))
    if (refused === undefined) return { requestId, answer }
    call.failed(refused.error)
    return { requestId, answer, refusal: refused.refusal }
  }
  try {
    const finished = await handler.infer(incoming, call.context.signal, emit)
    const refused = isChat ? refusedOf(finished) : undefined
    return given(finished.requestId, refused?.answer ?? (await pictures.deliver(finished)), refused)
  } catch (error) {
    const refused = isChat ? refusedBefore(error) : undefined
    if (refused === undefined) throw names === undefined ? error : inWireNames(error, names)
    return given(refused.requestId, refused.answer, refused)
  }
}

/** The same, whose failures call fields as their caller wrote them. */
export async function named<Value>(value: Promise<Value>, names: WireNames | undefined): Promise<Value> {
  try {
    return await value
  } catch (error) {
    throw names === undefined ? error : inWireNames(error, names)
  }
}

function pinOf(
  model: string,
  { names: { models, ladders } }: Pick<InferDependencies, 'names'>,
): { readonly ladder?: string; readonly model?: string } {
  if (model === 'auto') return {}
  if (ladders.has(model)) return { ladder: model }
  if (models.has(model)) return { model }
  throw new GatewayError('NotFound', 'model: there is no model or ladder of this name; GET /v1/models lists them', {
    reason: 'MODEL_NOT_FOUND',
    violations: [{ field: 'model', description: 'expected auto, a ladder or a model of GET /v1/models' }],
  })
}
