import type OpenAI from 'openai'
import type { ToolCallDelta } from '#services/contract/answer'
import type { EventStream } from '../event-stream.ts'
import { refusalText } from '../refusal.ts'
import type { AnswerWriter } from '../stream-answer.ts'
import type { ResponsesBody } from './responses-schema.ts'
import {
  callItem,
  cutReasonOf,
  emptyResponse,
  messageItem,
  reasoningItem,
  refusalContent,
  responseOf,
  textContent,
  type OutputItem,
  type Status,
} from './write-response.ts'

type Sent = Omit<OpenAI.Responses.ResponseStreamEvent, 'sequence_number'> & { readonly type: string }

/** The item that is being written. */
interface OpenItem {
  readonly kind: string
  readonly id: string
  readonly index: number
  text: string
  seal?: string
  readonly call?: { readonly callId: string; readonly name: string }
}

/** Writes a response as events: created, in progress, each item with its parts, deltas and ends, completed. */
export function createResponseWriter(
  stream: EventStream,
  { body, createdAt }: { readonly body: ResponsesBody; readonly createdAt: number },
): AnswerWriter {
  let sequence = 0
  let items = 0
  let requestId = ''
  let open: OpenItem | undefined
  /** Announced items; after a refusal the last event repeats them. */
  const announced: OutputItem[] = []
  const send = (event: Sent | object, type: string): Promise<void> => {
    const numbered = { ...event, type, sequence_number: sequence }
    sequence += 1
    return stream.send(numbered, type)
  }
  const placeOf = ({ id, index }: OpenItem) => ({ item_id: id, output_index: index })
  const itemOf = (one: OpenItem, status: Status): OutputItem => {
    if (one.kind === 'message') return messageItem(one.id, [textContent(one.text)], status)
    if (one.kind === 'refusal') return messageItem(one.id, [refusalContent(one.text)], status)
    if (one.kind === 'reasoning') return reasoningItem(one.id, one.text, one.seal)
    return callItem({ id: one.id, callId: '', name: '', ...one.call, argumentsJson: one.text }, status)
  }
  const close = async (status: Status = 'completed'): Promise<void> => {
    if (open === undefined) return
    const one = open
    open = undefined
    for (const event of closingEvents(one)) await send({ ...placeOf(one), ...event }, event.type)
    const item = itemOf(one, status)
    announced.push(item)
    await send({ output_index: one.index, item }, 'response.output_item.done')
  }
  const start = async (kind: string, prefix: string, item: (id: string) => OutputItem): Promise<OpenItem> => {
    await close()
    const id = kind === 'message' || kind === 'refusal' ? `${prefix}_${requestId}` : `${prefix}_${requestId}_${items}`
    open = { kind, id, index: items, text: '' }
    items += 1
    await send({ output_index: open.index, item: item(id) }, 'response.output_item.added')
    return open
  }
  const inContent = async (kind: 'message' | 'refusal'): Promise<OpenItem> => {
    if (open?.kind === kind) return open
    const one = await start(kind, 'msg', id => messageItem(id, [], 'in_progress'))
    const part = kind === 'message' ? textContent('') : refusalContent('')
    await send({ ...placeOf(one), content_index: 0, part }, 'response.content_part.added')
    return one
  }
  const refuse = async (): Promise<void> => {
    const one = await inContent('refusal')
    one.text = refusalText
    await send({ ...placeOf(one), content_index: 0, delta: refusalText }, 'response.refusal.delta')
  }
  const inReasoning = async (): Promise<OpenItem> => {
    if (open?.kind === 'reasoning') return open
    const one = await start('reasoning', 'rs', id => reasoningItem(id, '', undefined))
    const part = { type: 'summary_text', text: '' }
    await send({ ...placeOf(one), summary_index: 0, part }, 'response.reasoning_summary_part.added')
    return one
  }
  const inCall = async ({ index, id = '', name = '' }: ToolCallDelta): Promise<OpenItem> => {
    const kind = `call ${index}`
    if (open?.kind === kind) return open
    const one = await start(kind, 'fc', own =>
      callItem({ id: own, callId: id, name, argumentsJson: '' }, 'in_progress'),
    )
    open = { ...one, call: { callId: id, name } }
    return open
  }
  return {
    async begin(speaker) {
      ;({ requestId } = speaker)
      const response = emptyResponse(speaker, body, createdAt)
      await send({ response }, 'response.created')
      await send({ response }, 'response.in_progress')
    },
    async text(delta) {
      const one = await inContent('message')
      one.text += delta
      await send({ ...placeOf(one), content_index: 0, delta, logprobs: [] }, 'response.output_text.delta')
    },
    async reasoning(delta) {
      const one = await inReasoning()
      one.text += delta
      if (delta === '') return
      await send({ ...placeOf(one), summary_index: 0, delta }, 'response.reasoning_summary_text.delta')
    },
    async seal(seal) {
      if (open?.kind === 'reasoning') open.seal = seal
    },
    async toolCall(piece) {
      const one = await inCall(piece)
      one.text += piece.argumentsJson
      if (piece.argumentsJson === '') return
      await send({ ...placeOf(one), delta: piece.argumentsJson }, 'response.function_call_arguments.delta')
    },
    async finish(answered) {
      const { refusal } = answered
      const whole = responseOf(answered, body, createdAt)
      if (refusal === 'model') await refuse()
      else if (items === 0 && whole.output.length > 0) await inContent('message')
      await close(cutReasonOf(answered) === undefined ? 'completed' : 'incomplete')
      // Announced items stay announced: what a refusal follows, and the beginning of a call that the cap cut.
      const isMore = refusal !== undefined || announced.length > whole.output.length
      const response = isMore ? { ...whole, output: announced } : whole
      await send({ response }, response.status === 'incomplete' ? 'response.incomplete' : 'response.completed')
    },
    async fail(failure) {
      const { error } = failure as { readonly error: { readonly message: string; readonly code: string } }
      await send({ code: error.code, message: error.message, param: null }, 'error')
    },
  }
}

/** An event without what all events have. */
interface ClosingEvent {
  readonly type: string
  readonly [field: string]: unknown
}

/** What ends an item before the item itself does. */
function closingEvents({ kind, text, call }: OpenItem): readonly ClosingEvent[] {
  if (kind === 'message') {
    return [
      { type: 'response.output_text.done', content_index: 0, text, logprobs: [] },
      { type: 'response.content_part.done', content_index: 0, part: textContent(text) },
    ]
  }
  if (kind === 'refusal') {
    return [
      { type: 'response.refusal.done', content_index: 0, refusal: text },
      { type: 'response.content_part.done', content_index: 0, part: refusalContent(text) },
    ]
  }
  if (kind === 'reasoning') {
    return [
      { type: 'response.reasoning_summary_text.done', summary_index: 0, text },
      { type: 'response.reasoning_summary_part.done', summary_index: 0, part: { type: 'summary_text', text } },
    ]
  }
  return [{ type: 'response.function_call_arguments.done', name: call?.name, arguments: text }]
}
