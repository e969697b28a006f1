import type OpenAI from 'openai'
import type { Answer } from '#services/contract/answer'
import { reportOf, tokensOfAnswer, type SluiceReport } from '../answer-report.ts'
import type { Answered } from '../infer.ts'
import { sealOf } from '../reasoning-seal.ts'
import { refusalText } from '../refusal.ts'
import { textOf } from '../stream-answer.ts'
import type { ResponsesBody } from './responses-schema.ts'

/** A response of OpenAI's wire, with what the gateway adds. */
export type WireResponse = Omit<OpenAI.Responses.Response, 'output_text'> & { readonly sluice?: SluiceReport }

/** An item of its output. */
export type OutputItem = OpenAI.Responses.ResponseReasoningItem | OpenAI.Responses.ResponseOutputMessage | CallItem
type CallItem = OpenAI.Responses.ResponseFunctionToolCall

/** An answer as a response. */
export function responseOf(answered: Answered, body: ResponsesBody, createdAt: number): WireResponse {
  const { requestId, answer } = answered
  const cutBy = cutReasonOf(answered)
  return {
    ...emptyResponse({ requestId, model: answer.model }, body, createdAt),
    status: cutBy === undefined ? 'completed' : 'incomplete',
    incomplete_details: cutBy === undefined ? null : { reason: cutBy },
    completed_at: cutBy === undefined ? Math.floor((createdAt + answer.latencyMs) / 1000) : null,
    output: outputOf(answered),
    usage: usageOf(answer),
    sluice: reportOf(requestId, answer),
  }
}

/** Why an answer is not whole. */
export function cutReasonOf({ answer, refusal }: Answered): 'content_filter' | 'max_output_tokens' | undefined {
  if (refusal === 'filter') return 'content_filter'
  return textOf(answer).finishReason === 'length' ? 'max_output_tokens' : undefined
}

/** A response before its first item. */
export function emptyResponse(
  { requestId, model }: { readonly requestId: string; readonly model: string },
  body: ResponsesBody,
  createdAt: number,
): WireResponse {
  return {
    id: `resp_${requestId}`,
    object: 'response',
    created_at: Math.floor(createdAt / 1000),
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    model,
    output: [],
    previous_response_id: null,
    truncation: 'disabled',
    ...repeatedOf(body),
    ...toolsOf(body),
  }
}

type Repeated =
  | 'instructions'
  | 'max_output_tokens'
  | 'metadata'
  | 'reasoning'
  | 'service_tier'
  | 'temperature'
  | 'text'
  | 'top_p'

/** What a response repeats of its request. */
function repeatedOf(body: ResponsesBody): Pick<WireResponse, Repeated> {
  return {
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    metadata: body.metadata ?? {},
    reasoning: { effort: body.reasoning?.effort ?? null, summary: null },
    service_tier: body.service_tier ?? 'default',
    temperature: body.temperature ?? null,
    text: { format: formatOf(body) },
    top_p: body.top_p ?? null,
  }
}

function formatOf({ text }: ResponsesBody): OpenAI.Responses.ResponseFormatTextConfig {
  return (text?.format as OpenAI.Responses.ResponseFormatTextConfig | undefined) ?? { type: 'text' }
}

function toolsOf(body: ResponsesBody): Pick<WireResponse, 'parallel_tool_calls' | 'tool_choice' | 'tools'> {
  return {
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    tool_choice: (body.tool_choice as WireResponse['tool_choice'] | undefined) ?? 'auto',
    tools: (body.tools ?? []) as OpenAI.Responses.Tool[],
  }
}

function outputOf(answered: Answered): OutputItem[] {
  const { requestId, answer, refusal } = answered
  if (refusal === 'filter') return []
  if (refusal === 'model') return [messageItem(`msg_${requestId}`, [refusalContent(refusalText)], 'completed')]
  const isCut = cutReasonOf(answered) !== undefined
  const { text, toolCalls = [], reasoning = [] } = textOf(answer)
  // Of several items, those are whole that another follows.
  const status = isCut && toolCalls.length === 0 ? 'incomplete' : 'completed'
  const isSilent = text === '' && (isCut || toolCalls.length > 0)
  const before = [
    ...reasoning.map((one, index) => reasoningItem(`rs_${requestId}_${index}`, one.text, sealOf(one))),
    ...(isSilent ? [] : [messageItem(`msg_${requestId}`, [textContent(text)], status)]),
  ]
  // Ids have the place in the output, as they have in the events of a stream.
  const calls = toolCalls.map(({ id, name, argumentsJson }, index) =>
    callItem({ id: `fc_${requestId}_${before.length + index}`, callId: id, name, argumentsJson }, 'completed'),
  )
  return [...before, ...calls]
}

/** How far an item is. */
export type Status = 'in_progress' | 'completed' | 'incomplete'

/** What the model thought, as an item. */
export function reasoningItem(id: string, text: string, seal: string | undefined): OutputItem {
  return {
    id,
    type: 'reasoning',
    summary: text === '' ? [] : [{ type: 'summary_text', text }],
    encrypted_content: seal ?? null,
  }
}

/** What the model said, as an item. */
export function messageItem(
  id: string,
  content: OpenAI.Responses.ResponseOutputMessage['content'],
  status: Status,
): OutputItem {
  return { id, type: 'message', role: 'assistant', status, content }
}

/** A text as the content of a message. */
export function textContent(text: string): OpenAI.Responses.ResponseOutputText {
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}

/** A refusal as the content of a message. */
export function refusalContent(refusal: string): OpenAI.Responses.ResponseOutputRefusal {
  return { type: 'refusal', refusal }
}

/** A call of a tool, as an item. */
export function callItem(
  call: { readonly id: string; readonly callId: string; readonly name: string; readonly argumentsJson: string },
  status: Status,
): CallItem {
  const { id, callId, name, argumentsJson } = call
  return { id, type: 'function_call', call_id: callId, name, arguments: argumentsJson, status }
}

function usageOf(answer: Answer): OpenAI.Responses.ResponseUsage {
  const { input, cached, cacheWritten, output, reasoning } = tokensOfAnswer(answer)
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: cacheWritten },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  }
}
