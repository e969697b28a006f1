import { z } from 'zod'
import type { ChatDialect, ChatPiece, EventReader, ReportedUsage, ToolCallPiece } from '../upstream/chat-piece.ts'
import { refusalOf } from '../upstream/read-refusal.ts'
import { parseEvent } from '../upstream/parse-event.ts'
import { UpstreamError } from '../upstream/upstream-error.ts'

const tokens = z.number().int().min(0)

/** What the server says was used. @source OpenAI API reference, "The chat completion object", `usage` */
const usageSchema = z.object({
  prompt_tokens: tokens,
  completion_tokens: tokens.default(0),
  prompt_tokens_details: z.object({ cached_tokens: tokens.nullish() }).nullish(),
  completion_tokens_details: z.object({ reasoning_tokens: tokens.nullish() }).nullish(),
})

const toolCall = z.object({
  index: z.number().int().min(0).default(0),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
})

const choice = z.object({
  delta: z.object({ content: z.string().nullish(), tool_calls: z.array(toolCall).nullish() }).nullish(),
  finish_reason: z.string().nullish(),
  logprobs: z.object({ content: z.array(z.object({ logprob: z.number() })).nullish() }).nullish(),
})

/** A chunk of a chat completion; servers leave out and add fields, so only those that are read are held to a shape. @source OpenAI API reference, "The chat completion chunk object" */
const chunkSchema = z.object({
  choices: z.array(choice).default([]),
  usage: usageSchema.nullish(),
  error: z.unknown().optional(),
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

function pieceOf({ choices, usage }: z.output<typeof chunkSchema>): ChatPiece {
  return { ...choiceOf(choices[0]), ...(usage ? { usage: usageOf(usage) } : {}) }
}

function choiceOf(first: Choice = {}): ChatPiece {
  const { delta, finish_reason: finishReason, logprobs } = first
  const toolCalls = delta?.tool_calls ?? []
  return {
    text: delta?.content ?? '',
    logprobs: (logprobs?.content ?? []).map(token => token.logprob),
    ...(finishReason ? { finishReason } : {}),
    ...(toolCalls.length === 0 ? {} : { toolCalls: toolCalls.map(toolCallOf) }),
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

/** This protocol counts cached tokens among those of the prompt, and reasoning among those of the completion. */
function usageOf(usage: z.output<typeof usageSchema>): ReportedUsage {
  const cachedTokens = usage.prompt_tokens_details?.cached_tokens ?? 0
  const reasoningTokens = usage.completion_tokens_details?.reasoning_tokens ?? 0
  return {
    inputTokens: Math.max(0, usage.prompt_tokens - cachedTokens),
    outputTokens: Math.max(0, usage.completion_tokens - reasoningTokens),
    cachedTokens,
    reasoningTokens,
  }
}
