import type { Oddity } from '#services/backends/oddity'
import { isReal, type ChatPiece } from './chat-piece.ts'
import type { Ending } from './finish-reasons.ts'
import { createToolCalls, type ToolCalls } from '../tools/tool-calls.ts'
import { UpstreamError } from './upstream-error.ts'
import { mergeUsage, type UsageCounts } from './usage-counts.ts'

/** A stretch of thinking so far. */
interface GatheredReasoning {
  text: string
  signature: string
}

/** What has come of a streamed answer so far. */
export interface Gathered {
  text: string
  refusal: string
  /** Pieces that hold a part of the answer. */
  pieces: number
  /** Of everything that was gathered. */
  characters: number
  readonly logprobs: number[]
  ending: Ending | undefined
  finishReason: string
  usage: UsageCounts | undefined
  readonly oddities: Set<Oddity>
  readonly toolCalls: ToolCalls
  /** What the model thinks, by block. */
  readonly reasoning: Map<string, GatheredReasoning>
  /** When the first of these pieces and the last one came, on the monotonic clock. */
  firstAt: number
  lastAt: number
}

/** Nothing yet; `tools` are the names of the tools that were offered. */
export function createGathered(tools: readonly string[] = []): Gathered {
  return {
    text: '',
    refusal: '',
    pieces: 0,
    characters: 0,
    logprobs: [],
    ending: undefined,
    finishReason: '',
    usage: undefined,
    oddities: new Set(),
    toolCalls: createToolCalls(tools),
    reasoning: new Map(),
    firstAt: 0,
    lastAt: 0,
  }
}

/** Several times what the longest outputs of today's models hold: anything longer is no answer. */
const mostCharacters = 2 * 1024 * 1024
/** What a piece of a tool call counts beside its arguments. */
const callCharacters = 16

/** Adds a piece. @throws UpstreamError for an answer that is longer than any model's */
export function gather(gathered: Gathered, piece: ChatPiece, nowMs: number): void {
  gathered.characters += charactersOf(piece)
  if (gathered.characters > mostCharacters) {
    throw new UpstreamError('refused', 'the answer of the server has no end', { begun: true })
  }
  if (isReal(piece)) {
    if (gathered.pieces === 0) gathered.firstAt = nowMs
    gathered.lastAt = nowMs
    gathered.pieces += 1
  }
  gathered.text += piece.text
  for (const logprob of piece.logprobs) gathered.logprobs.push(logprob)
  for (const call of piece.toolCalls ?? []) gathered.toolCalls.add(call)
  gatherReasoning(gathered, piece)
  gatherRest(gathered, piece)
}

function gatherReasoning({ reasoning }: Gathered, piece: ChatPiece): void {
  for (const { block, text = '', signature = '' } of piece.reasoning ?? []) {
    const known = reasoning.get(block) ?? { text: '', signature: '' }
    known.text += text
    known.signature += signature
    reasoning.set(block, known)
  }
}

function gatherRest(gathered: Gathered, piece: ChatPiece): void {
  gathered.refusal += piece.refusal ?? ''
  gathered.ending = piece.ending ?? gathered.ending
  gathered.finishReason = piece.finishReason ?? gathered.finishReason
  if (piece.usage !== undefined) gathered.usage = mergeUsage(gathered.usage, piece.usage)
  for (const oddity of piece.oddities ?? []) gathered.oddities.add(oddity)
}

function charactersOf({ text, refusal = '', logprobs, reasoning = [], toolCalls = [] }: ChatPiece): number {
  const thought = reasoning.reduce((sum, one) => sum + (one.text?.length ?? 0) + (one.signature?.length ?? 0), 0)
  return toolCalls.reduce(
    (sum, call) => sum + call.arguments.length + callCharacters,
    text.length + refusal.length + logprobs.length + thought,
  )
}
