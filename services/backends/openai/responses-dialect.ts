import { z } from 'zod'
import { errorIn } from '#services/platform/http/server-words'
import type { ChatDialect, ChatPiece, EventReader } from '../remote/wire/chat-piece.ts'
import { parseJson, readAs } from '../remote/wire/parse-event.ts'
import { readUsages } from '../remote/wire/read-usage.ts'
import { streamError } from '../remote/errors/read-refusal.ts'
import type { Redact } from '../remote/errors/redact.ts'
import { UpstreamError } from '../remote/wire/upstream-error.ts'
import { openaiDialect } from './chat-dialect.ts'
import { readLogprobs } from './read-logprobs.ts'

const unread = z.unknown().optional()
const word = z.string().nullish().catch(undefined)

/** An item of the answer. @source OpenAI API reference, "The response object", `output` */
const item = z.object({
  type: word,
  id: word,
  call_id: word,
  name: word,
  arguments: word,
  encrypted_content: word,
  summary: z
    .array(z.object({ text: word }))
    .nullish()
    .catch(undefined),
})

/**
 * Events of a streamed response; kinds that come new are let through.
 * @source OpenAI API reference, "Streaming events"
 */
const eventSchema = z.object({
  type: word,
  output_index: z.number().int().min(0).nullish().catch(undefined),
  item_id: word,
  item: item.nullish().catch(undefined),
  delta: word,
  logprobs: unread,
  response: z
    .object({
      usage: unread,
      error: unread,
      incomplete_details: z.object({ reason: word }).nullish().catch(undefined),
    })
    .nullish()
    .catch(undefined),
})

type Event = z.output<typeof eventSchema>

/** Prefix of what is sent back with reasoning: the item's id and its encrypted content. */
export const responsesMark = 'responses:'

/** OpenAI's Responses, streamed. */
export const responsesDialect: ChatDialect = {
  path: () => '/responses',
  headers: openaiDialect.headers,
  reader: createReader,
}

function createReader(redact: Redact): EventReader {
  const state = { ended: false, calls: 0, shown: new Set<string>() }
  const handlers: Readonly<Record<string, (event: Event) => readonly ChatPiece[]>> = {
    'response.output_text.delta': ({ delta, logprobs }) => [
      { text: delta ?? '', logprobs: readLogprobs({ content: logprobs ?? [] }).values },
    ],
    'response.refusal.delta': ({ delta }) => [{ ...plain, refusal: delta ?? '' }],
    'response.reasoning_summary_text.delta': event => thought(event, state.shown),
    'response.reasoning_text.delta': event => thought(event, state.shown),
    'response.output_item.added': ({ item: added, output_index: index }) => {
      if (added?.type !== 'function_call') return []
      state.calls += 1
      return [
        {
          ...plain,
          toolCalls: [{ index: index ?? 0, id: added.call_id ?? '', name: added.name ?? '', arguments: '' }],
        },
      ]
    },
    'response.function_call_arguments.delta': ({ delta, output_index: index }) => [
      { ...plain, toolCalls: [{ index: index ?? 0, arguments: delta ?? '' }] },
    ],
    'response.output_item.done': ({ item: done }) => (done?.type === 'reasoning' ? proofOf(done, state.shown) : []),
    'response.completed': ({ response }) => end(response, state.calls > 0 ? 'tool_calls' : 'stop'),
    'response.incomplete': ({ response }) =>
      end(response, response?.incomplete_details?.reason === 'content_filter' ? 'content_filter' : 'length'),
    'response.failed': ({ response }) => {
      throw streamError(response?.error ?? {}, redact)
    },
  }
  const end = (response: Event['response'], ending: NonNullable<ChatPiece['ending']>): readonly ChatPiece[] => {
    state.ended = true
    const usage = readUsages(response?.usage)
    return [{ ...plain, ending, finishReason: ending, ...(usage === undefined ? {} : { usage }) }]
  }
  return {
    read(data, name) {
      if (data.trim() === '[DONE]') {
        if (!state.ended) throw new UpstreamError('truncated', 'the stream ended before the answer did')
        return []
      }
      const value = parseJson(data)
      const event = readAs(eventSchema, value)
      const type = event.type ?? name ?? ''
      const error = type === 'error' ? value : type.startsWith('response.') ? undefined : errorIn(value)
      if (error !== undefined) throw streamError(error, redact)
      return handlers[type]?.(event) ?? []
    },
    get ended() {
      return state.ended
    },
    get finished() {
      return state.ended
    },
    wholeAtClose: false,
  }
}

const plain: ChatPiece = { text: '', logprobs: [] }

function thought({ item_id: id, delta }: Event, shown: Set<string>): readonly ChatPiece[] {
  const block = id ?? ''
  shown.add(block)
  return [{ ...plain, thinks: true, reasoning: [{ block, text: delta ?? '' }] }]
}

/** A thought comes whole at its end, with its signature; its text was shown before, or is now. */
function proofOf(done: NonNullable<Event['item']>, shown: ReadonlySet<string>): readonly ChatPiece[] {
  const block = done.id ?? ''
  const text = shown.has(block) ? '' : (done.summary ?? []).map(one => one.text ?? '').join('\n')
  const proof = done.encrypted_content ? { signature: `${responsesMark}${block} ${done.encrypted_content}` } : {}
  return [{ ...plain, thinks: true, reasoning: [{ block, ...(text === '' ? {} : { text }), ...proof }] }]
}
