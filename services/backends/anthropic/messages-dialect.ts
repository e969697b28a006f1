import { z } from 'zod'
import type { ChatDialect, ChatPiece, EventReader, ToolCallPiece } from '../remote/wire/chat-piece.ts'
import { argumentsIn } from '../remote/tools/tool-arguments.ts'
import { endingOf } from '../remote/wire/finish-reasons.ts'
import { parseJson, readAs } from '../remote/wire/parse-event.ts'
import { readUsages } from '../remote/wire/read-usage.ts'
import { streamError } from '../remote/errors/read-refusal.ts'
import type { Redact } from '../remote/errors/redact.ts'
import { errorIn } from '#services/platform/http/server-words'
import { redacted } from './blocks.ts'
import { UpstreamError } from '../remote/wire/upstream-error.ts'

/** Read by hand, since one that cannot be read is no reason to throw the answer away. */
const unread = z.unknown().optional()

/**
 * Events of a streamed message; kinds that come new are let through.
 * @source Anthropic API documentation, "Streaming messages"
 */
const eventSchema = z.object({
  /** Some name it in the event alone. */
  type: z.string().nullish(),
  index: z.number().int().min(0).nullish().catch(undefined),
  message: z.object({ usage: unread }).nullish().catch(undefined),
  content_block: z
    .object({
      type: z.string(),
      id: z.string().nullish(),
      name: z.string().nullish(),
      text: z.string().nullish(),
      input: unread,
      thinking: z.string().nullish().catch(undefined),
      signature: z.string().nullish().catch(undefined),
      data: z.string().nullish().catch(undefined),
    })
    .nullish(),
  delta: z
    .object({
      type: z.string().nullish(),
      text: z.string().nullish(),
      partial_json: z.string().nullish(),
      thinking: z.string().nullish().catch(undefined),
      signature: z.string().nullish().catch(undefined),
      stop_reason: z.string().nullish(),
      usage: unread,
    })
    .nullish(),
  usage: unread,
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

function createReader(redact: Redact): EventReader {
  let ended = false
  let finished = false
  let calls = 0
  /**
   * Which tool call a content block is, by the block's place: each block begins a call of its own, whatever its place
   * is.
   */
  const callAt = new Map<number, number>()

  const blockStarted = ({ index, content_block: block }: Event): readonly ChatPiece[] => {
    const { type, text, thinking, signature, data } = block ?? {}
    if (type === 'redacted_thinking') return [thought(index, { signature: `${redacted}${data ?? ''}` })]
    if (type === 'thinking') return [thought(index, { thinking, signature })]
    if (block?.type !== 'tool_use') return [plain((type === 'text' ? text : undefined) ?? '')]
    callAt.set(index ?? 0, calls)
    calls += 1
    return [{ ...plain(''), toolCalls: [{ index: calls - 1, ...callIn(block) }] }]
  }
  const blockGrew = ({ index, delta }: Event): readonly ChatPiece[] => {
    const { type, text, partial_json: json } = delta ?? {}
    if (thinkingDeltas.has(type)) return [thought(index, delta ?? {})]
    if (type === 'input_json_delta' && calls > 0) return [argumentsGrew(index ?? 0, json ?? '')]
    return [plain((type === 'text_delta' ? text : undefined) ?? '')]
  }
  const argumentsGrew = (index: number, json: string): ChatPiece => {
    return { ...plain(''), toolCalls: [{ index: callAt.get(index) ?? calls - 1, arguments: json }] }
  }
  const messageChanged = ({ delta, usage }: Event): readonly ChatPiece[] => {
    const finishReason = delta?.stop_reason ?? ''
    const ending = endingOf(finishReason)
    finished ||= ending !== undefined
    return [
      { ...plain(''), ...(ending === undefined ? {} : { ending, finishReason }), ...usageIn(delta?.usage, usage) },
    ]
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
  }

  return {
    read(data, name) {
      const value = parseJson(data)
      const error = name === 'error' ? value : errorIn(value)
      if (error !== undefined) throw streamError(error, redact)
      const event = readAs(eventSchema, value)
      return handlers[event.type ?? name ?? '']?.(event) ?? []
    },
    get ended() {
      return ended
    },
    get finished() {
      return finished
    },
    wholeAtClose: false,
  }
}

function plain(text: string): ChatPiece {
  return { text, logprobs: [] }
}

const thinkingDeltas: ReadonlySet<unknown> = new Set(['thinking_delta', 'signature_delta'])

/** Thinking, or its signature, which comes at the end of its block. */
function thought(
  index: number | null | undefined,
  {
    thinking,
    signature,
  }: { readonly thinking?: string | null | undefined; readonly signature?: string | null | undefined },
): ChatPiece {
  const piece = {
    block: String(index ?? 0),
    ...(thinking ? { text: thinking } : {}),
    ...(signature ? { signature } : {}),
  }
  return { ...plain(''), thinks: true, reasoning: [piece] }
}

function callIn({ id, name, input }: NonNullable<Event['content_block']>): Omit<ToolCallPiece, 'index'> {
  const whole = argumentsIn(input)
  // It is an empty object where it comes piece by piece.
  return { id: id ?? '', name: name ?? '', arguments: whole === '{}' ? '' : whole }
}

function usageIn(...places: readonly unknown[]): Pick<ChatPiece, 'usage'> {
  const usage = readUsages(...places)
  return usage === undefined ? {} : { usage }
}
