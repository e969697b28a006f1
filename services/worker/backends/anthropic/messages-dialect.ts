import { z } from 'zod'
import type { ChatDialect, ChatPiece, EventReader } from '../remote/wire/chat-piece.ts'
import { parseEvent } from '../remote/wire/parse-event.ts'
import { readUsages } from '../remote/wire/read-usage.ts'
import { refusalOf } from '../remote/wire/read-refusal.ts'
import { UpstreamError } from '../remote/wire/upstream-error.ts'

/** Read by hand, since one that cannot be read is no reason to throw the answer away. */
const unread = z.unknown().optional()

/** Events of a streamed message; kinds that come new are let through. @source Anthropic API documentation, "Streaming messages" */
const eventSchema = z.object({
  type: z.string(),
  index: z.number().int().min(0).default(0),
  message: z.object({ usage: unread }).nullish().catch(undefined),
  content_block: z.object({ type: z.string(), id: z.string().nullish(), name: z.string().nullish() }).nullish(),
  delta: z
    .object({
      type: z.string().nullish(),
      text: z.string().nullish(),
      partial_json: z.string().nullish(),
      stop_reason: z.string().nullish(),
      usage: unread,
    })
    .nullish(),
  usage: unread,
  error: z.object({ type: z.string(), message: z.string().default('') }).optional(),
})

type Event = z.output<typeof eventSchema>

/** The version of the protocol that is spoken. @source Anthropic API documentation, "Versions" */
const apiVersion = '2023-06-01'

/** Anthropic's Messages. */
export const messagesDialect: ChatDialect = {
  path: () => '/messages',
  headers: apiKey => ({
    'anthropic-version': apiVersion,
    ...(apiKey === undefined || apiKey === '' ? {} : { 'x-api-key': apiKey }),
  }),
  reader: createReader,
}

/** Why a message ended, in the words of all dialects. */
const finishReasons: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
}

function createReader(): EventReader {
  let ended = false
  let finished = false
  /** Which tool call a content block is, by the block's place. */
  const calls = new Map<number, number>()

  const blockStarted = ({ index, content_block: block }: Event): readonly ChatPiece[] => {
    if (block?.type !== 'tool_use') return [plain('')]
    calls.set(index, calls.size)
    const call = { index: calls.size - 1, id: block.id ?? '', name: block.name ?? '', arguments: '' }
    return [{ ...plain(''), toolCalls: [call] }]
  }
  const blockGrew = ({ index, delta }: Event): readonly ChatPiece[] => {
    const call = calls.get(index)
    if (delta?.type === 'input_json_delta' && call !== undefined) {
      return [{ ...plain(''), toolCalls: [{ index: call, arguments: delta.partial_json ?? '' }] }]
    }
    return [plain(delta?.type === 'text_delta' ? (delta.text ?? '') : '')]
  }
  const messageChanged = ({ delta, usage }: Event): readonly ChatPiece[] => {
    const reason = delta?.stop_reason
    if (reason) finished = true
    const finishReason = reason ? { finishReason: finishReasons[reason] ?? reason } : {}
    return [{ ...plain(''), ...finishReason, ...usageIn(delta?.usage, usage) }]
  }
  const messageEnded = (): readonly ChatPiece[] => {
    if (!finished) throw new UpstreamError('truncated', 'the stream ended before the answer did')
    ended = true
    return []
  }
  const handlers: Readonly<Record<string, (event: Event) => readonly ChatPiece[]>> = {
    message_start: ({ message, usage }) => [{ ...plain(''), ...usageIn(usage, message?.usage) }],
    content_block_start: blockStarted,
    content_block_delta: blockGrew,
    message_delta: messageChanged,
    message_stop: messageEnded,
    error: ({ error }) => {
      throw errorOf(error)
    },
  }

  return {
    read(data) {
      const event = parseEvent(eventSchema, data)
      return handlers[event.type]?.(event) ?? []
    },
    get ended() {
      return ended
    },
    wholeAtClose: false,
  }
}

function plain(text: string): ChatPiece {
  return { text, logprobs: [] }
}

function errorOf(error: Event['error']): UpstreamError {
  if (error?.type === 'rate_limit_error') return new UpstreamError('rate-limit', 'the server limited the rate')
  const refusal = refusalOf(JSON.stringify(error ?? {}), 'the server told of an error within the stream')
  return refusal.fault === 'refused' ? new UpstreamError('server', refusal.message) : refusal
}

function usageIn(...places: readonly unknown[]): Pick<ChatPiece, 'usage'> {
  const usage = readUsages(...places)
  return usage === undefined ? {} : { usage }
}
