import { z } from 'zod'
import type { ChatDialect, ChatPiece, EventReader, ToolCallPiece } from '../remote/wire/chat-piece.ts'
import { endingOf, shownReason } from '../remote/wire/finish-reasons.ts'
import { parseJson, readAs } from '../remote/wire/parse-event.ts'
import { streamError } from '../remote/errors/read-refusal.ts'
import type { Redact } from '../remote/errors/redact.ts'
import { readUsages } from '../remote/wire/read-usage.ts'
import { errorIn } from '#services/platform/http/server-words'
import { UpstreamError } from '../remote/wire/upstream-error.ts'
import { readContent, type ReadContent } from './read-content.ts'
import { readLogprobs } from './read-logprobs.ts'
import { readReasoning } from './reasoning-fields.ts'
import { readToolCalls } from './read-tool-calls.ts'

/** Read by hand, since one that cannot be read is no reason to throw the answer away. */
const unread = z.unknown().optional()

const messageSchema = z
  .object({
    content: unread,
    refusal: unread,
    tool_calls: unread,
    /** As it was before there were several. */
    function_call: unread,
    /** What the model thinks, by the names that vLLM, DeepSeek and OpenRouter give it. */
    reasoning_content: unread,
    reasoning: unread,
    reasoning_details: unread,
    usage: unread,
  })
  .nullish()

const choice = z.object({
  delta: messageSchema,
  /** In place of `delta` where a server does not stream. */
  message: messageSchema,
  finish_reason: unread,
  logprobs: unread,
  usage: unread,
})

/**
 * A chunk of a chat completion; servers leave out, add and change fields, so only those without which there is no
 * answer are held to a shape.
 * @source OpenAI API reference, "The chat completion chunk object"
 */
const chunkSchema = z.object({
  choices: z.array(choice).nullish(),
  usage: unread,
  /** Where Groq tells of usage in streams. */
  x_groq: z.object({ usage: unread }).nullish().catch(undefined),
})

/**
 * OpenAI's chat completions, as vLLM, SGLang, llama.cpp, text-generation-inference and most providers speak them too.
 */
export const openaiDialect: ChatDialect = {
  path: () => '/chat/completions',
  headers: openaiHeaders,
  reader: createReader,
}

/** The credential as this protocol carries it. */
function openaiHeaders(apiKey: string | undefined): Readonly<Record<string, string>> {
  return apiKey === undefined || apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` }
}

function createReader(redact: Redact): EventReader {
  const state = { ended: false, finished: false, thinks: false }
  return {
    read(data, event) {
      if (data.trim() === '[DONE]') {
        // A server that ends its stream without having ended the answer has cut it.
        if (!state.finished) throw new UpstreamError('truncated', 'the stream ended before the answer did')
        state.ended = true
        return []
      }
      const value = parseJson(data)
      const error = event === 'error' ? value : errorIn(value)
      if (error !== undefined) throw streamError(error, redact)
      const piece = pieceOf(readAs(chunkSchema, value), !state.thinks)
      state.thinks ||= piece.reasoning !== undefined
      if (piece.ending === 'broken') {
        throw new UpstreamError(
          'server',
          `the server gave the answer up: finish reason ${shownReason(piece.finishReason)}`,
        )
      }
      state.finished ||= piece.ending !== undefined
      return [piece]
    },
    get ended() {
      return state.ended
    },
    get finished() {
      return state.finished
    },
    wholeAtClose: false,
  }
}

type Choice = z.output<typeof choice>

function pieceOf({ choices, usage, x_groq: groq }: z.output<typeof chunkSchema>, isFirst: boolean): ChatPiece {
  const [first] = choices ?? []
  // Moonshot puts usage into the choice.
  const counts = readUsages((first?.delta ?? first?.message)?.usage, first?.usage, groq?.usage, usage)
  return { ...choiceOf(first, isFirst), ...(counts === undefined ? {} : { usage: counts }) }
}

function choiceOf(first: Partial<Choice> = {}, isFirst: boolean): ChatPiece {
  const delta = first.delta ?? first.message ?? {}
  const content = readContent(delta.content)
  const refusal = content.refusal + refusalIn(delta)
  const logprobs = readLogprobs(first.logprobs)
  const toolCalls = callsIn(delta)
  const ending = endingOf(first.finish_reason)
  const found = [...content.oddities, ...logprobs.oddities]
  return {
    text: content.text,
    logprobs: logprobs.values,
    ...(ending === undefined ? {} : { ending, finishReason: String(first.finish_reason) }),
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
    ...(refusal === '' ? {} : { refusal }),
    ...thoughtOf(delta, content, isFirst),
    ...(found.length === 0 ? {} : { oddities: found }),
  }
}

function thoughtOf(delta: MessageFields, { thinks, thought }: ReadContent, isFirst: boolean): Partial<ChatPiece> {
  const reasoning = thought === '' ? readReasoning(delta, isFirst) : [{ block: 'content', text: thought }]
  return {
    ...((thinks || thinksIn(delta)) && { thinks: true }),
    ...(reasoning.length === 0 ? {} : { reasoning }),
  }
}

function callsIn({ tool_calls: calls, function_call: call }: MessageFields): readonly ToolCallPiece[] {
  return readToolCalls(calls ?? call)
}

type MessageFields = NonNullable<z.output<typeof messageSchema>>

function refusalIn({ refusal }: MessageFields): string {
  return typeof refusal === 'string' ? refusal : ''
}

function thinksIn({ reasoning_content: content, reasoning, reasoning_details: details }: MessageFields): boolean {
  return [content, reasoning, details].some(thought =>
    typeof thought === 'string' ? thought !== '' : Array.isArray(thought) && thought.length > 0,
  )
}
