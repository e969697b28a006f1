import { randomBytes } from 'node:crypto'
import type { ToolCall } from '#services/contract/content'
import type { Oddity } from '#services/worker/oddity'
import type { ChatPiece, ToolCallPiece } from './chat-piece.ts'
import { mergeUsage, type UsageCounts } from './usage-counts.ts'

/** What has come of a streamed answer so far. */
export interface Gathered {
  text: string
  refusal: string
  pieces: number
  readonly logprobs: number[]
  finishReason: string
  usage: UsageCounts | undefined
  readonly oddities: Set<Oddity>
  readonly toolCalls: { id: string; name: string; argumentsJson: string }[]
  /** When the first piece and the last one came, on the monotonic clock. */
  firstAt: number
  lastAt: number
}

/** Nothing yet. */
export function createGathered(): Gathered {
  return {
    text: '',
    refusal: '',
    pieces: 0,
    logprobs: [],
    finishReason: '',
    usage: undefined,
    oddities: new Set(),
    toolCalls: [],
    firstAt: 0,
    lastAt: 0,
  }
}

/** Adds a piece. */
export function gather(gathered: Gathered, piece: ChatPiece, nowMs: number): void {
  if (gathered.pieces === 0) gathered.firstAt = nowMs
  gathered.lastAt = nowMs
  gathered.pieces += 1
  gathered.text += piece.text
  gathered.refusal += piece.refusal ?? ''
  for (const logprob of piece.logprobs) gathered.logprobs.push(logprob)
  gathered.finishReason = piece.finishReason ?? gathered.finishReason
  if (piece.usage !== undefined) gathered.usage = mergeUsage(gathered.usage, piece.usage)
  for (const oddity of piece.oddities ?? []) gathered.oddities.add(oddity)
  for (const call of piece.toolCalls ?? []) gatherCall(gathered, call)
}

function gatherCall({ toolCalls }: Gathered, piece: ToolCallPiece): void {
  toolCalls[piece.index] ??= { id: '', name: '', argumentsJson: '' }
  const call = toolCalls[piece.index]
  if (call === undefined) return
  call.id = piece.id ?? call.id
  call.name = piece.name ?? call.name
  call.argumentsJson += piece.arguments
}

/** The tool calls that are whole. One without an id is given one, by which its result can name it. */
export function toolCallsOf({ toolCalls }: Gathered): readonly ToolCall[] {
  return toolCalls
    .filter(call => call !== undefined && call.name !== '')
    .map(call => (call.id === '' ? { ...call, id: `call_${randomBytes(12).toString('hex')}` } : call))
}
