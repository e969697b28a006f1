import { z } from 'zod'
import type { ChatDialect, ChatPiece, EventReader, ToolCallPiece } from '../remote/wire/chat-piece.ts'
import { refusalOf } from '../remote/wire/read-refusal.ts'
import { parseEvent } from '../remote/wire/parse-event.ts'
import { readUsages } from '../remote/wire/read-usage.ts'
import { UpstreamError } from '../remote/wire/upstream-error.ts'
import { readContent } from './read-content.ts'
import { readLogprobs } from './read-logprobs.ts'

const toolCall = z.object({
  index: z.number().int().min(0).default(0),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
})

/** Read by hand, since one that cannot be read is no reason to throw the answer away. */
const unread = z.unknown().optional()

const choice = z.object({
  delta: z.object({ content: unread, tool_calls: z.array(toolCall).nullish(), usage: unread }).nullish(),
  finish_reason: unread,
  logprobs: unread,
  usage: unread,
})

/** A chunk of a chat completion; servers leave out, add and change fields, so only those without which there is no answer are held to a shape. @source OpenAI API reference, "The chat completion chunk object" */
const chunkSchema = z.object({
  choices: z.array(choice).nullish(),
  usage: unread,
  /** Where Groq tells of usage in streams. */
  x_groq: z.object({ usage: unread }).nullish().catch(undefined),
  error: unread,
})

/** OpenAI's chat completions, as vLLM, SGLang, llama.cpp, text-generation-inference and most providers speak them too. */
export const openaiDialect: ChatDialect = {
  path: () => '/chat/completions',
  headers: openaiHeaders,
  reader: createReader,
}

/** The credential as this protocol carries it. */
function openaiHeaders(apiKey: string | undefined): Readonly<Record<string, string>> {
  return apiKey === undefined || apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` }
}

function createReader(): EventReader {
  const state = { ended: false, finished: false }
  return {
    read(data) {
      if (data.trim() === '[DONE]') {
        // A server that ends its stream without having ended the answer has cut it.
        if (!state.finished) throw new UpstreamError('truncated', 'the stream ended before the answer did')
        state.ended = true
        return []
      }
      const chunk = parseEvent(chunkSchema, data)
      if (chunk.error !== undefined && chunk.error !== null) throw errorOf(chunk.error)
      const piece = pieceOf(chunk)
      if (piece.finishReason !== undefined) {
        if (broken.has(piece.finishReason)) throw new UpstreamError('server', 'the server gave the answer up')
        state.finished = true
      }
      return [piece]
    },
    get ended() {
      return state.ended
    },
    wholeAtClose: false,
  }
}

/** By what words vLLM and SGLang say that they gave an answer up. */
const broken: ReadonlySet<string> = new Set(['abort', 'error'])

/** An error told within a stream whose status was 200 already. */
function errorOf(error: unknown): UpstreamError {
  const refusal = refusalOf(JSON.stringify(error), 'the server told of an error within the stream')
  return refusal.fault === 'refused' ? new UpstreamError('server', refusal.message) : refusal
}

type Choice = z.output<typeof choice>

function pieceOf({ choices, usage, x_groq: groq }: z.output<typeof chunkSchema>): ChatPiece {
  const [first] = choices ?? []
  // Moonshot tells of usage within the choice.
  const counts = readUsages(first?.delta?.usage, first?.usage, groq?.usage, usage)
  return { ...choiceOf(first), ...(counts === undefined ? {} : { usage: counts }) }
}

function choiceOf(first: Partial<Choice> = {}): ChatPiece {
  const { delta, finish_reason: finishReason } = first
  const { text, refusal, oddities } = readContent(delta?.content)
  const logprobs = readLogprobs(first.logprobs)
  const toolCalls = delta?.tool_calls ?? []
  const found = [...oddities, ...logprobs.oddities]
  return {
    text,
    logprobs: logprobs.values,
    ...(typeof finishReason === 'string' && finishReason !== '' ? { finishReason } : {}),
    ...(toolCalls.length === 0 ? {} : { toolCalls: toolCalls.map(toolCallOf) }),
    ...(refusal === '' ? {} : { refusal }),
    ...(found.length === 0 ? {} : { oddities: found }),
  }
}

function toolCallOf({ index, id, function: called }: z.output<typeof toolCall>): ToolCallPiece {
  return {
    index,
    arguments: called?.arguments ?? '',
    ...(id ? { id } : {}),
    ...(called?.name ? { name: called.name } : {}),
  }
}
