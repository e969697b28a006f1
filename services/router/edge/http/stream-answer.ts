import type { Answer, TextOutput, ToolCallDelta } from '#services/contract/answer'
import type { Reasoning, ToolCall } from '#services/contract/content'
import { GatewayError } from '#services/contract/errors'
import type { CascadeEvent, ToolCallEvent } from '#services/router/request/states'
import { routerStopping } from '../call/call-context.ts'
import { answerHeaders } from './answer-report.ts'
import { openEventStream, type EventStream } from './event-stream.ts'
import { withoutAbsent } from '#services/contract/without-absent'
import { failureOf, type Dialect } from './failures.ts'
import { infer, type Answered, type InferDependencies, type WireIncoming } from './infer.ts'
import { sealOf, wholeSealOf } from './reasoning-seal.ts'
import type { HttpCall } from './serve-route.ts'

/** Who speaks in a stream. */
export interface Speaker {
  readonly requestId: string
  readonly model: string
}

/** Writes an answer in the events of one wire, in the order in which they come. */
export interface AnswerWriter {
  /** Before the first piece. */
  begin(speaker: Speaker): Promise<void>
  text(piece: string): Promise<void>
  reasoning(piece: string): Promise<void>
  /** The proof of the reasoning so far, where its wire has a place for it. */
  seal?(seal: string): Promise<void>
  /** The same when the reasoning was written long before: it holds what was thought, too. */
  lateSeal?(seal: string): Promise<void>
  /** A piece of a call; the first of each has its id and name. */
  toolCall(piece: ToolCallDelta): Promise<void>
  /** The answer is whole, and every piece of it was written. */
  finish(answered: Answered): Promise<void>
  /** A failure after the first piece, with the body that it would have as an answer. */
  fail(body: object): Promise<void>
}

/** Longest pause of a stream without a keep-alive. */
const beatMs = 15_000

const beats: Readonly<Record<Dialect, string>> = {
  openai: ': waiting\n\n',
  anthropic: 'event: ping\ndata: {"type":"ping"}\n\n',
}

/**
 * Asks, and streams the answer as it comes. A failure before the first piece is thrown, and has a status of its
 * own.
 */
export async function streamAnswer(
  { incoming, dialect }: { readonly incoming: WireIncoming; readonly dialect: Dialect },
  call: HttpCall,
  writerOf: (stream: EventStream) => AnswerWriter,
  dependencies: InferDependencies,
): Promise<undefined> {
  const { reply, context } = call
  call.isLike('InferStream')
  const stream = openEventStream(reply.raw, { beat: beats[dialect], beatMs, signal: context.signal })
  stream.setHeaders(textHeaders(reply.getHeaders()))
  const writer = writerOf(stream)
  const relay = createEventRelay(writer, stream, call)
  try {
    const answered = await infer(incoming, call, dependencies, event => relay.onEvent(event))
    await relay.finish(answered)
  } catch (error) {
    if (!stream.isOpen) throw error
    const failure = context.signal.aborted ? routerStopping() : error
    call.failed(failure)
    await writer.fail(failureOf(failure, dialect, call.callId).body)
  } finally {
    if (stream.isOpen) stream.end()
    else stream.abandon()
  }
  return undefined
}

interface EventRelay {
  onEvent(event: CascadeEvent): Promise<void>
  finish(answered: Answered): Promise<void>
}

/** Passes on every event, and at the end whatever no event carried. */
function createEventRelay(
  writer: AnswerWriter,
  stream: EventStream,
  { rateHeaders }: Pick<HttpCall, 'rateHeaders'>,
): EventRelay {
  let requestId = ''
  let begun = false
  let text = ''
  let reasoning = ''
  /** What was thought behind the first call. */
  let afterthought = ''
  /** Characters of arguments that were written, by call. */
  const calls = new Map<number, number>()
  const begin = async (model: string): Promise<void> => {
    if (begun) return
    begun = true
    await writer.begin({ requestId, model })
  }
  const rest = async (output: TextOutput): Promise<void> => {
    const wasStreamed = reasoning !== ''
    const thoughts = output.reasoning ?? []
    if (!output.text.startsWith(text)) throw brokenStream()
    const toolCalls = [...(output.toolCalls ?? []).entries()]
    const shown = calls.size
    const restOf = async (some: typeof toolCalls): Promise<void> => {
      for (const [index, call] of some) await restOfCall(index, call)
    }
    await restOf(toolCalls.slice(0, shown))
    if (wasStreamed) await thinkAfter()
    else for (const one of thoughts) await reason(one)
    if (output.text.length > text.length) await writer.text(output.text.slice(text.length))
    await restOf(toolCalls.slice(shown))
    if (wasStreamed) await sealLate(thoughts)
  }
  const thinkAfter = async (): Promise<void> => {
    if (afterthought !== '') await writer.reasoning(afterthought)
  }
  const callPiece = async ({ model, index, id, name, argumentsJson }: ToolCallEvent): Promise<void> => {
    await begin(model)
    calls.set(index, (calls.get(index) ?? 0) + argumentsJson.length)
    await writer.toolCall(withoutAbsent<ToolCallDelta>({ index, id, name, argumentsJson }))
  }
  /** What comes behind the first call is told at the end: some wires write one thing after the other. */
  const words = async (event: CascadeEvent & { readonly kind: 'delta' | 'reasoning' }): Promise<void> => {
    await begin(event.model)
    if (calls.size > 0) {
      if (event.kind === 'reasoning') afterthought += event.text
    } else if (event.kind === 'delta') {
      text += event.text
      await writer.text(event.text)
    } else {
      reasoning += event.text
      await writer.reasoning(event.text)
    }
  }
  const sealLate = async (thoughts: readonly Reasoning[]): Promise<void> => {
    for (const one of thoughts) {
      const seal = wholeSealOf(one)
      if (seal !== undefined) await writer.lateSeal?.(seal)
    }
  }
  const reason = async (one: Reasoning): Promise<void> => {
    const seal = sealOf(one)
    if (one.text !== '' || seal !== undefined) await writer.reasoning(one.text)
    if (seal !== undefined) await writer.seal?.(seal)
  }
  const restOfCall = async (index: number, call: ToolCall): Promise<void> => {
    const sent = calls.get(index)
    const argumentsJson = call.argumentsJson.slice(sent ?? 0)
    calls.set(index, call.argumentsJson.length)
    if (sent === undefined) await writer.toolCall({ index, id: call.id, name: call.name, argumentsJson })
    else if (argumentsJson !== '') await writer.toolCall({ index, argumentsJson })
  }
  return {
    async onEvent(event) {
      if (event.kind === 'found') {
        ;({ requestId } = event)
        stream.setHeaders({ ...answerHeaders(requestId, event.answer), ...(await rateHeaders()) })
      }
      if (event.kind === 'decided') {
        ;({ requestId } = event.chosen)
        // The leg is in its queue by now: only the response headers wait for this.
        stream.setHeaders({ 'x-sluice-request-id': requestId, ...(await rateHeaders()) })
      }
      if (event.kind === 'rung-started') {
        stream.setHeaders({ 'x-sluice-model': event.model, 'x-sluice-tier': event.tier })
      }
      if (event.kind === 'tool-call') await callPiece(event)
      if ((event.kind === 'delta' || event.kind === 'reasoning') && event.text !== '') await words(event)
    },
    async finish(answered) {
      ;({ requestId } = answered)
      stream.setHeaders(answerHeaders(requestId, answered.answer))
      await begin(answered.answer.model)
      // What was relay before a refusal stays relay; there is nothing more to come.
      if (answered.refusal === undefined) await rest(textOf(answered.answer))
      await writer.finish(answered)
    },
  }
}

/** The text of an answer. @throws GatewayError when it is none */
export function textOf({ output }: Answer): TextOutput {
  if (output.kind === 'text') return output
  throw new GatewayError('NoModel', 'model: it does not answer with text', { reason: 'NO_MODEL_TEXT' })
}

function brokenStream(): GatewayError {
  return new GatewayError('LadderFailed', 'the answer differs from the one that was streamed', {
    reason: 'STREAM_BROKE',
  })
}

function textHeaders(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
