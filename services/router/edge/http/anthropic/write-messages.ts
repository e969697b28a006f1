import { deepestJson, isDeeperThan } from '#services/platform/http/json-depth'
import type Anthropic from '@anthropic-ai/sdk'
import type { Answer, ToolCallDelta } from '#services/contract/answer'
import { reportOf, tokensOfAnswer, type SluiceReport } from '../answer-report.ts'
import type { EventStream } from '../event-stream.ts'
import type { Answered } from '../infer.ts'
import { sealOf } from '../reasoning-seal.ts'
import type { Refusal } from '../refusal.ts'
import { textOf, type AnswerWriter } from '../stream-answer.ts'

type Message = Anthropic.Message & { readonly sluice: SluiceReport }
type MessageEvent = Anthropic.RawMessageStreamEvent
type Block = Anthropic.RawContentBlockStartEvent['content_block']

/** An answer as a message. */
export function messageOf({ requestId, answer, refusal }: Answered): Message {
  const { text, toolCalls = [], reasoning = [] } = textOf(answer)
  return {
    ...emptyMessage(requestId, answer.model),
    content: [
      ...reasoning.map(one => ({ type: 'thinking' as const, thinking: one.text, signature: sealOf(one) ?? '' })),
      ...(text === '' ? [] : [{ type: 'text' as const, text, citations: null }]),
      ...toolCalls.map(({ id, name, argumentsJson }) => toolUse(id, name, readInput(argumentsJson))),
    ],
    stop_reason: stopReasonOf(answer, refusal),
    usage: { ...noUsage, ...usageOf(answer) },
    sluice: reportOf(requestId, answer),
  }
}

/** A model can write arguments that are no JSON; the wire has no place for those but as they are. */
function readInput(argumentsJson: string): unknown {
  try {
    const input: unknown = JSON.parse(argumentsJson === '' ? '{}' : argumentsJson)
    return isDeeperThan(deepestJson, input) ? { malformed: argumentsJson } : input
  } catch {
    return { malformed: argumentsJson }
  }
}

function toolUse(id: string, name: string, input: unknown): Anthropic.ToolUseBlock {
  return { type: 'tool_use', id, name, input, caller: { type: 'direct' } }
}

function emptyMessage(requestId: string, model: string): Anthropic.Message {
  return {
    id: `msg_${requestId}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage: noUsage,
  }
}

const noUsage: Anthropic.Usage = {
  input_tokens: 0,
  output_tokens: 0,
  cache_creation: null,
  cache_creation_input_tokens: null,
  cache_read_input_tokens: null,
  inference_geo: null,
  output_tokens_details: null,
  server_tool_use: null,
  service_tier: null,
  speed: null,
}

/** Anthropic counts cache reads and cache writes apart. */
function usageOf(answer: Answer) {
  const { input, cached, cacheWritten, output } = tokensOfAnswer(answer)
  return {
    input_tokens: input - cached - cacheWritten,
    cache_creation_input_tokens: cacheWritten,
    cache_read_input_tokens: cached,
    output_tokens: output,
  }
}

const stopReasons = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' } as const

function stopReasonOf(answer: Answer, refusal: Refusal | undefined): Anthropic.StopReason {
  if (refusal !== undefined) return 'refusal'
  const { toolCalls = [], finishReason } = textOf(answer)
  return stopReasons[finishReason ?? (toolCalls.length > 0 ? 'tool_calls' : 'stop')]
}

/**
 * Writes a message as events: its start, each block with its start, deltas and stop, why it ended with the usage,
 * its stop.
 */
export function createMessageWriter(stream: EventStream): AnswerWriter {
  let open: { readonly kind: string; readonly index: number } | undefined
  let blocks = 0
  const send = (event: MessageEvent | object, type: MessageEvent['type']) => stream.send(event, type)
  const close = async (): Promise<void> => {
    if (open === undefined) return
    const { index } = open
    open = undefined
    await send({ type: 'content_block_stop', index } satisfies MessageEvent, 'content_block_stop')
  }
  /** The block of this kind, opened where another is. */
  const inBlock = async (kind: string, block: Block): Promise<number> => {
    if (open?.kind === kind) return open.index
    await close()
    open = { kind, index: blocks }
    blocks += 1
    const start = { type: 'content_block_start', index: open.index, content_block: block } satisfies MessageEvent
    await send(start, 'content_block_start')
    return open.index
  }
  const delta = (index: number, piece: Anthropic.RawContentBlockDelta) =>
    send({ type: 'content_block_delta', index, delta: piece } satisfies MessageEvent, 'content_block_delta')

  return {
    async begin({ requestId, model }) {
      const start = { type: 'message_start', message: emptyMessage(requestId, model) } satisfies MessageEvent
      await send(start, 'message_start')
      await stream.send({ type: 'ping' }, 'ping')
    },
    async text(piece) {
      await delta(await inBlock('text', { type: 'text', text: '', citations: null }), {
        type: 'text_delta',
        text: piece,
      })
    },
    async reasoning(piece) {
      const index = await inBlock('thinking', { type: 'thinking', thinking: '', signature: '' })
      await delta(index, { type: 'thinking_delta', thinking: piece })
    },
    async seal(signature) {
      if (open?.kind === 'thinking') await delta(open.index, { type: 'signature_delta', signature })
    },
    async lateSeal(data) {
      await inBlock('seal', { type: 'redacted_thinking', data })
      await close()
    },
    async toolCall({ index: call, id = '', name = '', argumentsJson }: ToolCallDelta) {
      const index = await inBlock(`call ${call}`, toolUse(id, name, {}))
      if (argumentsJson !== '') await delta(index, { type: 'input_json_delta', partial_json: argumentsJson })
    },
    async finish({ requestId, answer, refusal }) {
      await close()
      const end = {
        type: 'message_delta',
        delta: { stop_reason: stopReasonOf(answer, refusal), stop_sequence: null, stop_details: null, container: null },
        usage: { ...usageOf(answer), output_tokens_details: null, server_tool_use: null },
      }
      await send({ ...end, sluice: reportOf(requestId, answer) }, 'message_delta')
      await send({ type: 'message_stop' } satisfies MessageEvent, 'message_stop')
    },
    fail: body => stream.send(body, 'error'),
  }
}
