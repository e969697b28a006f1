import type OpenAI from 'openai'
import type { Answer } from '#services/contract/answer'
import { reportOf, tokensOfAnswer, type SluiceReport } from '../answer-report.ts'
import type { Answered } from '../infer.ts'
import { sealOf } from '../reasoning-seal.ts'
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
  const output = outputOf(answered)
  const isCut = textOf(answer).finishReason === 'length'
  return {
    ...emptyResponse({ requestId, model: answer.model }, body, createdAt),
    status: isCut ? 'incomplete' : 'completed',
    incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
    completed_at: Math.floor((createdAt + answer.latencyMs) / 1000),
    output,
    usage: usageOf(answer),
    sluice: reportOf(requestId, answer),
  }
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

function outputOf({ requestId, answer }: Answered): OutputItem[] {
  const { text, toolCalls = [], reasoning = [] } = textOf(answer)
  return [
    ...reasoning.map((one, index) => reasoningItem(`rs_${requestId}_${index}`, one.text, sealOf(one))),
    ...(text === '' && toolCalls.length > 0 ? [] : [messageItem(`msg_${requestId}`, text, 'completed')]),
    ...toolCalls.map(({ id, name, argumentsJson }, index) =>
      callItem({ id: `fc_${requestId}_${index}`, callId: id, name, argumentsJson }, 'completed'),
    ),
  ]
}

type Status = 'in_progress' | 'completed' | 'incomplete'

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
export function messageItem(id: string, text: string | undefined, status: Status): OutputItem {
  const content = text === undefined ? [] : [textContent(text)]
  return { id, type: 'message', role: 'assistant', status, content }
}

/** A text as the content of a message. */
export function textContent(text: string): OpenAI.Responses.ResponseOutputText {
  return { type: 'output_text', text, annotations: [], logprobs: [] }
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
