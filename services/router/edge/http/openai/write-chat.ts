import type OpenAI from 'openai'
import type { Answer, ToolCallDelta } from '#services/contract/answer'
import { reportOf, tokensOfAnswer, type SluiceReport } from '../answer-report.ts'
import type { EventStream } from '../event-stream.ts'
import type { Answered } from '../infer.ts'
import { refusalText, type Refusal } from '../refusal.ts'
import { textOf, type AnswerWriter, type Speaker } from '../stream-answer.ts'

type Completion = OpenAI.ChatCompletion & { readonly sluice: SluiceReport }
type Chunk = OpenAI.ChatCompletionChunk & { readonly sluice?: SluiceReport }
type Delta = OpenAI.ChatCompletionChunk.Choice.Delta & { readonly reasoning_content?: string }

/** An answer as a chat completion. */
export function chatOf({ requestId, answer, refusal }: Answered, createdAt: number): Completion {
  const { text, toolCalls, reasoning = [] } = textOf(answer)
  const thought = reasoning.map(one => one.text).join('')
  return {
    id: idOf(requestId),
    object: 'chat.completion',
    created: Math.floor(createdAt / 1000),
    model: answer.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text === '' && (toolCalls !== undefined || refusal !== undefined) ? null : text,
          refusal: refusal === 'model' ? refusalText : null,
          ...(toolCalls === undefined ? {} : { tool_calls: toolCalls.map(callToWire) }),
          // The field of servers of open models; OpenAI returns none.
          ...(thought === '' ? {} : { reasoning_content: thought }),
        },
        logprobs: null,
        finish_reason: finishOf(answer, refusal),
      },
    ],
    usage: usageOf(answer),
    sluice: reportOf(requestId, answer),
  }
}

function callToWire({ id, name, argumentsJson }: { id: string; name: string; argumentsJson: string }) {
  return { id, type: 'function' as const, function: { name, arguments: argumentsJson } }
}

function finishOf(answer: Answer, refusal: Refusal | undefined): OpenAI.ChatCompletion.Choice['finish_reason'] {
  if (refusal !== undefined) return refusal === 'filter' ? 'content_filter' : 'stop'
  const { toolCalls, finishReason } = textOf(answer)
  return finishReason ?? ((toolCalls?.length ?? 0) > 0 ? 'tool_calls' : 'stop')
}

/** The tokens of an answer as OpenAI counts them. */
function usageOf(answer: Answer): OpenAI.CompletionUsage {
  const { input, cached, output, reasoning } = tokensOfAnswer(answer)
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached },
    completion_tokens_details: { reasoning_tokens: reasoning },
  }
}

function idOf(requestId: string): string {
  return `chatcmpl-${requestId}`
}

/** How a stream of a chat is written. */
export interface ChatStreamOptions {
  readonly createdAt: number
  /** Whether a last chunk carries the usage. */
  readonly includeUsage: boolean
}

/** Writes a chat as chunks: the role, pieces, why it ended, the usage where that was asked for, `[DONE]`. */
export function createChatWriter(stream: EventStream, { createdAt, includeUsage }: ChatStreamOptions): AnswerWriter {
  let speaker: Speaker = { requestId: '', model: '' }
  const chunk = (choices: Chunk['choices'], more: Partial<Chunk> = {}): Chunk => ({
    id: idOf(speaker.requestId),
    object: 'chat.completion.chunk',
    created: Math.floor(createdAt / 1000),
    model: speaker.model,
    choices,
    ...(includeUsage ? { usage: null } : {}),
    ...more,
  })
  const send = (delta: Delta, finish: Chunk['choices'][number]['finish_reason'] = null, more: Partial<Chunk> = {}) =>
    stream.send(chunk([{ index: 0, delta, logprobs: null, finish_reason: finish }], more))
  return {
    begin(who) {
      speaker = who
      return send({ role: 'assistant', content: '', refusal: null })
    },
    text: piece => send({ content: piece }),
    reasoning: piece => send({ reasoning_content: piece }),
    toolCall: piece => send({ tool_calls: [pieceToWire(piece)] }),
    async finish({ requestId, answer, refusal }) {
      const sluice = reportOf(requestId, answer)
      if (refusal === 'model') await send({ refusal: refusalText })
      await send({}, finishOf(answer, refusal), includeUsage ? {} : { sluice })
      if (includeUsage) await stream.send(chunk([], { usage: usageOf(answer), sluice }))
      await stream.send('[DONE]')
    },
    async fail(body) {
      await stream.send(body)
      await stream.send('[DONE]')
    },
  }
}

function pieceToWire({
  index,
  id,
  name,
  argumentsJson,
}: ToolCallDelta): OpenAI.ChatCompletionChunk.Choice.Delta.ToolCall {
  if (id === undefined) return { index, function: { arguments: argumentsJson } }
  return { index, id, type: 'function', function: { name: name ?? '', arguments: argumentsJson } }
}
